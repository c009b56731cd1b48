import type { ChalkInstance } from 'chalk';
import { visibleLines } from './sanitize.ts';
import type { OpenScreen } from './screen.ts';

/** Where a command prints, and what it may know of its surroundings. Tests give their own. */
export interface Io {
  /** Prints to standard output; what came from outside must have passed `visible`. */
  readonly out: (text: string) => void;
  /** Prints a note for the person to standard error. */
  readonly note: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Width of the terminal; null where the output goes into a pipe or a file. */
  readonly columns: number | null;
  /** Takes over the terminal; null where nobody sits at one. */
  readonly openScreen: OpenScreen | null;
  /** Shows a passing line on standard error, in the place of the one before; null takes it away. Null: no terminal there. */
  readonly showStatus: ((line: string | null) => void) | null;
  readonly chalk: ChalkInstance;
  readonly now: () => number;
  /** Aborts when the person or the system asks the program to end. */
  readonly signal: AbortSignal;
}

/** Width for documents: the terminal's, from 40 to 160; 80 where there is none. */
export const documentWidth = ({ columns }: Pick<Io, 'columns'>): number =>
  Math.max(40, Math.min(columns ?? 80, 160));

/** Notes are ours but quote others: nothing in them acts on the terminal. */
export const noteLine = (text: string): string => `${visibleLines(text)}\n`;
