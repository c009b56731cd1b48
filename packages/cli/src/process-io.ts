import { Chalk, supportsColor } from 'chalk';
import { noteLine, type Io } from './terminal/io.ts';

const INTERRUPTED = 130;

/** NO_COLOR (https://no-color.org) goes before everything; else chalk looks at the terminal, TERM and FORCE_COLOR. */
function colourLevel(): 0 | 1 | 2 | 3 {
  if ((process.env.NO_COLOR ?? '') !== '') return 0;
  return supportsColor === false ? 0 : supportsColor.level;
}

/** Aborts at the first request to end; ends the process at the second. */
function endRequested(): AbortController {
  const controller = new AbortController();
  const end = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  return controller;
}

/** The real surroundings. */
export function processIo(): Io {
  let ending: AbortController | null = null;
  let isClosed = false;
  const whenClosed = (error: NodeJS.ErrnoException): void => {
    // `| head` has read enough: that is not a failure. Whoever must tidy up first is asked to end.
    if (error.code !== 'EPIPE') throw error;
    isClosed = true;
    if (ending === null) process.exit(0);
    ending.abort();
  };
  process.stdout.on('error', whenClosed);
  process.stderr.on('error', whenClosed);
  return {
    out: (text) => {
      if (!isClosed) process.stdout.write(text);
    },
    note: (text) => {
      if (!isClosed) process.stderr.write(noteLine(text));
    },
    env: process.env,
    columns: process.stdout.isTTY ? process.stdout.columns : null,
    chalk: new Chalk({ level: colourLevel() }),
    now: Date.now,
    // Only who asks for the signal takes over Ctrl-C; everything else ends at once, as usual.
    get signal(): AbortSignal {
      ending ??= endRequested();
      return ending.signal;
    },
  };
}
