import { isWanted, type WhispersOptions } from '../commands/wanted-whispers.ts';
import type { Target } from '../target/target.ts';
import type { Io } from '../terminal/io.ts';
import type { OpenScreen } from '../terminal/screen.ts';
import { frame, type Frame } from './frame.ts';
import { hold, type HeldWhisper } from './held.ts';
import { keysOf } from './keys.ts';
import { afterKey, FIRST_VIEW, type View } from './view.ts';

export interface Watched {
  readonly target: Target;
  readonly options: Pick<WhispersOptions, 'namespace' | 'severity' | 'open'>;
  readonly io: Io;
  readonly openScreen: OpenScreen;
}

/** Ages grow by seconds. */
const REDRAW_MS = 1000;
/** What comes in between is drawn together: a terminal far away shows no more anyway. */
const GATHER_MS = 200;

interface Moment {
  readonly whispers: readonly HeldWhisper[];
  readonly now: number;
}

/** Shows what there is and each change in its place, until `q` or the signal. */
export async function watchLive({ target, options, io, openScreen }: Watched): Promise<void> {
  const quit = new AbortController();
  const held = new Map<string, HeldWhisper>();
  let view: View = FIRST_VIEW;
  let stale: string | null = 'connecting';
  let paused: Moment | null = null;
  let gathering: NodeJS.Timeout | null = null;

  const present = (): Moment => ({
    whispers: [...held.values()].filter(({ whisper }) => isWanted(whisper, options)),
    now: io.now(),
  });
  const picture = (): Frame =>
    frame({
      ...(paused ?? present()),
      target: target.description,
      view,
      stale,
      size: screen.size(),
      chalk: io.chalk,
    });
  const draw = (): void => {
    if (gathering !== null) clearTimeout(gathering);
    gathering = null;
    screen.show(picture().lines);
  };
  const press = (key: string): void => {
    const next = afterKey(view, key, picture().shown);
    if (next === null) {
      quit.abort();
      return;
    }
    if (next.isPaused !== view.isPaused) paused = next.isPaused ? present() : null;
    view = next;
  };
  const screen = openScreen({
    typed: (text) => {
      keysOf(text).forEach(press);
      draw();
    },
    resized: () => {
      draw();
    },
  });
  const live = (): void => {
    stale = null;
  };
  const clock = setInterval(draw, REDRAW_MS);
  try {
    draw();
    const signal = AbortSignal.any([io.signal, quit.signal]);
    for await (const heard of target.follow('KernelWhisper', options.namespace, signal, live)) {
      hold(held, heard);
      stale = heard.type === 'interrupted' ? `interrupted: ${heard.why}; trying again` : null;
      gathering ??= setTimeout(draw, GATHER_MS);
    }
  } finally {
    clearInterval(clock);
    if (gathering !== null) clearTimeout(gathering);
    screen.close();
  }
}
