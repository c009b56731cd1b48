import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { createAttention } from '../live/attention.ts';
import { createBell } from '../live/bell.ts';
import { follow, type Connection } from '../live/follow.ts';
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
  /** How many objects could not be read. */
  readonly unreadable: ReadonlySignal<number>;
  /** The clock, once a second, in milliseconds. */
  readonly now: ReadonlySignal<number>;
  /** The whisper on which the keys act, by `namespace/name`. */
  readonly selected: Signal<string | null>;
  readonly isHelpOpen: Signal<boolean>;
  /** Reads with this token from now on; it is kept in this tab's memory only. */
  readonly useToken: (token: string) => void;
}

const SECOND = 1000;

/** Starts what the page lives by; it lives as long as the page. */
export function createApp(window: Window, storage: Storage | null): App {
  const now = signal(Date.now());
  const connection = signal<Connection>({ state: 'connecting' });
  const notice = signal<string | null>(null);
  const unreadable = signal(0);
  const bell = createBell();
  const board = createBoard(Date.now);
  const place = createPlace(window);
  let token: string | null = null;
  const operator = operatorAt(window.location.href, () => token);

  window.setInterval(() => {
    now.value = Date.now();
  }, SECOND);
  window.addEventListener('online', bell.ring);
  void follow(
    {
      operator,
      bell,
      attention: createAttention(window.document, bell),
      now: Date.now,
      hearer: {
        connection: (next) => {
          connection.value = next;
        },
        everything: (whispers, certificates) => {
          unreadable.value = whispers.unreadable + certificates.unreadable;
          board.replace(whispers.items, certificates.items);
        },
        change: board.change,
        unreadable: () => {
          unreadable.value += 1;
        },
        restarted: (version) => {
          const when = clockText(Date.now(), Date.now());
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
    unreadable,
    now,
    selected: signal(null),
    isHelpOpen: signal(false),
    useToken: (given) => {
      token = given;
      bell.ring();
    },
  };
}
