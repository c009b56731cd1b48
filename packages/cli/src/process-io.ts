import { Chalk, supportsColor } from 'chalk';
import { visible } from 'kernel-gossip-types';
import { noteLine, type Io } from './terminal/io.ts';
import { screenOn, sizeOf, type OpenScreen } from './terminal/screen.ts';
import { inAscii, isAsciiOnly, type Draw } from './terminal/signs.ts';
import { cut } from './terminal/width.ts';

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

/** Files and pipes get what is drawn as it is: whoever reads them later may have another locale. */
const drawOn = (stream: NodeJS.WriteStream): Draw =>
  stream.isTTY && isAsciiOnly(process.env) ? inAscii : (text) => text;

/** A line of standard error that the next one replaces. */
function statusLine(draw: Draw): {
  readonly show: (line: string | null) => void;
  readonly clear: () => void;
} {
  let isShown = false;
  const write = (line: string | null): void => {
    if (line === null && !isShown) return;
    isShown = line !== null;
    process.stderr.write(`\r\u001b[K${line ?? ''}`);
  };
  return {
    show: (line) =>
      write(line === null ? null : draw(cut(visible(line), sizeOf(process.stderr).columns - 1))),
    clear: () => write(null),
  };
}

/** More than this of what is noted while a screen is open is not kept. */
const NOTES_KEPT = 20;

/** The real surroundings. */
export function processIo(): Io {
  const canDraw = process.env.TERM !== 'dumb';
  const draw = drawOn(process.stdout);
  const drawNote = drawOn(process.stderr);
  const status = statusLine(drawNote);
  /** What is noted while a screen is open would be written across it: it is told afterwards. */
  let heldBack: string[] | null = null;
  const note = (text: string): void => {
    if (isClosed) return;
    if (heldBack !== null) {
      if (heldBack.length < NOTES_KEPT) heldBack.push(text);
      return;
    }
    status.clear();
    process.stderr.write(drawNote(noteLine(text)));
  };
  const openScreen: OpenScreen = (handlers) => {
    const screen = screenOn(process.stdin, process.stdout, draw)(handlers);
    heldBack = [];
    const close = (): void => {
      screen.close();
      const notes = heldBack ?? [];
      heldBack = null;
      notes.forEach(note);
    };
    return { ...screen, close };
  };
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
      if (isClosed) return;
      status.clear();
      process.stdout.write(draw(text));
    },
    note,
    env: process.env,
    columns: process.stdout.isTTY ? sizeOf(process.stdout).columns : null,
    openScreen: canDraw && process.stdin.isTTY && process.stdout.isTTY ? openScreen : null,
    showStatus: canDraw && process.stderr.isTTY ? status.show : null,
    chalk: new Chalk({ level: colourLevel() }),
    now: Date.now,
    // Only who asks for the signal takes over Ctrl-C; everything else ends at once, as usual.
    get signal(): AbortSignal {
      ending ??= endRequested();
      return ending.signal;
    },
  };
}
