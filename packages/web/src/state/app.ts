import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { createAttention } from '../live/attention.ts';
import { createBell } from '../live/bell.ts';
import { follow, type Connection } from '../live/follow.ts';
import { createOperatorClock } from '../live/operator-clock.ts';
import { operatorAt, type Operator } from '../live/operator.ts';
import { clockText } from '../model/moments.ts';
import type { Row } from '../model/rows.ts';
import { createBoard, type Board } from './board.ts';
import { shownRows } from './shown.ts';
import { createPlace, type Place } from './place.ts';
import { createTheme, type ThemeChoice } from './theme.ts';

/** All that the views show and may do. */
export interface App {
  readonly operator: Operator;
  readonly board: Board;
  readonly place: Place;
  /** The lines of the list of whispers. */
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly theme: ThemeChoice;
  readonly connection: ReadonlySignal<Connection>;
  /** What just happened and is worth a word, such as that the operator restarted; null where nothing is. */
  readonly notice: Signal<string | null>;
  /** The operator's clock, once a second, in milliseconds. */
  readonly now: ReadonlySignal<number>;
  /** By how much the browser's clock is ahead of it, in milliseconds. */
  readonly aheadMs: ReadonlySignal<number>;
  /** The whisper on which the keys act, by `namespace/name`. */
  readonly selected: Signal<string | null>;
  readonly isHelpOpen: Signal<boolean>;
  /** Reads with this token from now on; it is kept in this tab's memory only. */
  readonly useToken: (token: string) => void;
}

const SECOND = 1000;

/** Starts what the page lives by; it lives as long as the page. */
export function createApp(window: Window, storage: Storage | null): App {
  const clock = createOperatorClock(Date.now);
  const now = signal(clock.now());
  const aheadMs = signal(clock.aheadMs());
  const connection = signal<Connection>({ state: 'connecting' });
  const notice = signal<string | null>(null);
  const bell = createBell();
  const board = createBoard(clock.now);
  const place = createPlace(window);
  let token: string | null = null;
  const operator = operatorAt(window.location.href, () => token, clock);

  window.setInterval(() => {
    now.value = clock.now();
    aheadMs.value = clock.aheadMs();
  }, SECOND);
  window.addEventListener('online', bell.ring);
  void follow(
    {
      operator,
      bell,
      attention: createAttention(window.document, bell),
      now: clock.now,
      hearer: {
        connection: (next) => {
          connection.value = next;
        },
        everything: board.replace,
        change: board.change,
        restarted: (version) => {
          const when = clockText(clock.now(), clock.now());
          notice.value = `The operator was restarted (version ${version}). Everything was read again at ${when}.`;
        },
      },
    },
    new AbortController().signal,
  );
  return {
    operator,
    board,
    place,
    rows: shownRows(board, place),
    theme: createTheme(window.document.documentElement, storage),
    connection,
    notice,
    now,
    aheadMs,
    selected: signal(null),
    isHelpOpen: signal(false),
    useToken: (given) => {
      token = given === '' ? null : given;
      bell.ring();
    },
  };
}
