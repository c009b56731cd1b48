import { SORTS, type Sort } from './groups.ts';
import type { Key } from './keys.ts';

/** What the person chose to see. */
export interface View {
  readonly sort: Sort;
  /** Only whispers in whose names this stands. */
  readonly filter: string;
  /** Whether what is typed goes into the filter. */
  readonly isTyping: boolean;
  /** Whether what is over is shown too. */
  readonly withResolved: boolean;
  readonly isPaused: boolean;
  /** Key of the whisper that is told of in full; null: the first. */
  readonly selected: string | null;
}

export const FIRST_VIEW: View = {
  sort: 'worst first',
  filter: '',
  isTyping: false,
  withResolved: false,
  isPaused: false,
  selected: null,
};

/** What there is to move about in. */
export interface Shown {
  /** Keys of the whispers in their order. */
  readonly keys: readonly string[];
  /** How many lines a page has. */
  readonly page: number;
}

/** Where the selection stands; the first one where what was selected is gone. */
export const selectedIndex = ({ selected }: Pick<View, 'selected'>, keys: readonly string[]): number =>
  Math.max(0, selected === null ? 0 : keys.indexOf(selected));

const moved = (view: View, { keys }: Shown, by: number): View => {
  const index = Math.min(keys.length - 1, Math.max(0, selectedIndex(view, keys) + by));
  return { ...view, selected: keys[index] ?? null };
};

function typedInto(view: View, key: Key): View {
  if (key === 'enter') return { ...view, isTyping: false };
  if (key === 'escape') return { ...view, isTyping: false, filter: '' };
  if (key === 'backspace') return { ...view, filter: Array.from(view.filter).slice(0, -1).join('') };
  // Names of keys are longer than one character; controls are no part of any name.
  return Array.from(key).length === 1 && !/\p{C}/u.test(key) ? { ...view, filter: view.filter + key } : view;
}

const nextSort = (sort: Sort): Sort => SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? sort;

const BY_KEY: Readonly<Record<Key, (view: View, shown: Shown) => View | null>> = {
  q: () => null,
  '/': (view) => ({ ...view, isTyping: true }),
  escape: (view) => ({ ...view, filter: '' }),
  s: (view) => ({ ...view, sort: nextSort(view.sort) }),
  p: (view) => ({ ...view, isPaused: !view.isPaused }),
  r: (view) => ({ ...view, withResolved: !view.withResolved }),
  up: (view, shown) => moved(view, shown, -1),
  k: (view, shown) => moved(view, shown, -1),
  down: (view, shown) => moved(view, shown, 1),
  j: (view, shown) => moved(view, shown, 1),
  pageUp: (view, shown) => moved(view, shown, -shown.page),
  pageDown: (view, shown) => moved(view, shown, shown.page),
  home: (view, shown) => moved(view, shown, -shown.keys.length),
  end: (view, shown) => moved(view, shown, shown.keys.length),
};

/** The view after a key; null: the person has seen enough. A key that means nothing changes nothing. */
export function afterKey(view: View, key: Key, shown: Shown): View | null {
  if (view.isTyping) return typedInto(view, key);
  return Object.hasOwn(BY_KEY, key) ? (BY_KEY[key]?.(view, shown) ?? null) : view;
}
