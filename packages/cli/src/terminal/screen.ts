import type { ReadStream, WriteStream } from 'node:tty';
import type { Draw } from './signs.ts';

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenHandlers {
  /** What came from the keyboard, escape sequences and all. */
  readonly typed: (text: string) => void;
  readonly resized: () => void;
}

/** The whole terminal, as long as it is ours. */
export interface Screen {
  size(): ScreenSize;
  /** Shows these lines from the top, and nothing else. Lines must not be wider than the screen. */
  show(lines: readonly string[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

/** A terminal that a person looks at and types into. */
export type OpenScreen = (handlers: ScreenHandlers) => Screen;

// Sequences of xterm, which every terminal of today knows (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html).
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const CLEAR = '\u001b[2J';
const CLEAR_LINE = '\u001b[2K';
const CLEAR_BELOW = '\u001b[J';
/** What lies between is shown at once (https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036). */
const BEGIN_UPDATE = '\u001b[?2026h';
const END_UPDATE = '\u001b[?2026l';
/** What the keyboard sends while the terminal leaves Ctrl-C and Ctrl-Z to us. */
const INTERRUPT = '\u0003';
const SUSPEND = '\u001a';
/** The size of a terminal that does not know its own, as that of a container often does not: what VT100 had. */
const COLUMNS = 80;
const ROWS = 24;
export const sizeOf = ({ columns, rows }: Pick<WriteStream, 'columns' | 'rows'>): ScreenSize => ({
  columns: columns > 0 ? columns : COLUMNS,
  rows: rows > 0 ? rows : ROWS,
});
const at = (row: number): string => `\u001b[${row + 1};1H`;

/** What to send so that a screen which shows `before` shows `after`. */
export function difference(before: readonly string[], after: readonly string[]): string {
  const changed = after.flatMap((line, row) => (line === before[row] ? [] : [at(row) + CLEAR_LINE + line]));
  const cleared = after.length < before.length ? at(after.length) + CLEAR_BELOW : '';
  return changed.join('') + cleared;
}

/**
 * Takes over a terminal: the alternate screen, the keyboard key by key, no cursor. It is given back by `close`, and
 * when the process ends in whatever way that lets it speak, a crash included.
 */
export const screenOn =
  (input: ReadStream, output: WriteStream, draw: Draw): OpenScreen =>
  ({ typed, resized }) => {
    let shown: readonly string[] = [];
    /** Lent: to the shell, until we go on. */
    let state: 'ours' | 'lent' | 'closed' = 'ours';
    const take = (): void => {
      state = 'ours';
      input.setRawMode(true);
      output.write(ENTER + CLEAR);
    };
    const giveBack = (): void => {
      if (state !== 'ours') return;
      input.setRawMode(false);
      output.write(LEAVE);
    };
    const refresh = (): void => {
      if (state !== 'ours') return;
      shown = [];
      output.write(CLEAR);
      resized();
    };
    // The shell has been on the screen meanwhile.
    const takeAgain = (): void => {
      take();
      refresh();
    };
    // Who was stopped goes on with SIGCONT, which is told of before a whole turn is over. The kernel stops nobody whom no
    // shell of the same session could continue (POSIX: "orphaned process group"), and then no SIGCONT comes.
    const suspend = (): void => {
      giveBack();
      state = 'lent';
      process.kill(process.pid, 'SIGTSTP');
      setImmediate(() =>
        setImmediate(() => {
          if (state === 'lent') takeAgain();
        }),
      );
    };
    // Ctrl-C and Ctrl-Z mean what they mean everywhere, whatever came in the same piece.
    const read = (text: string): void => {
      const keys = text.replaceAll(INTERRUPT, '').replaceAll(SUSPEND, '');
      if (keys !== '') typed(keys);
      for (const key of text) {
        if (key === INTERRUPT) process.kill(process.pid, 'SIGINT');
        else if (key === SUSPEND && state === 'ours') suspend();
      }
    };
    const close = (): void => {
      process.removeListener('exit', close);
      process.removeListener('SIGCONT', takeAgain);
      output.removeListener('resize', refresh);
      input.removeListener('data', read);
      input.pause();
      giveBack();
      state = 'closed';
    };
    process.once('exit', close);
    process.on('SIGCONT', takeAgain);
    output.on('resize', refresh);
    input.setEncoding('utf8').on('data', read).resume();
    take();
    return {
      size: () => sizeOf(output),
      show: (lines) => {
        if (state !== 'ours') return;
        const update = difference(shown, lines);
        shown = lines;
        if (update !== '') output.write(draw(BEGIN_UPDATE + update + END_UPDATE));
      },
      close,
    };
  };
