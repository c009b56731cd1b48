import { Chalk } from 'chalk';
import { run } from '../program.ts';
import { noteLine, type Io } from '../terminal/io.ts';
import { NOW } from './whispers.ts';

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CaptureOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number | null;
  readonly signal?: AbortSignal;
  readonly now?: () => number;
  readonly openScreen?: Io['openScreen'];
  readonly showStatus?: Io['showStatus'];
  /** Sees each piece of output as it comes. */
  readonly onOut?: (text: string) => void;
}

/** Runs one command line and keeps what it prints. HOME leads nowhere, so that no kubeconfig is found by chance. */
export async function capture(argv: readonly string[], options: CaptureOptions = {}): Promise<Captured> {
  const printed = { out: '', err: '' };
  const io: Io = {
    out: (text) => {
      printed.out += text;
      options.onOut?.(text);
    },
    note: (text) => (printed.err += noteLine(text)),
    env: { HOME: '/nonexistent', ...options.env },
    columns: options.columns ?? null,
    openScreen: options.openScreen ?? null,
    showStatus: options.showStatus ?? null,
    chalk: new Chalk({ level: 0 }),
    now: options.now ?? (() => NOW),
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await run(argv, io);
  return { code, ...printed };
}
