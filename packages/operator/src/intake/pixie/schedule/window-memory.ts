import { PreviousRows } from './previous-rows.ts';
import { RowTaker, type Take } from './row-taker.ts';
import type { Window } from './windows.ts';

/** What is remembered of one script from run to run: the rows of the window that is run again, and the counters of the one before. */
export class WindowMemory {
  readonly #take: Take;
  readonly #previous = new PreviousRows();
  #current: { readonly window: Window; readonly taker: RowTaker } | null = null;

  constructor(take: Take) {
    this.#take = take;
  }

  /** Who takes the rows of a window: the same one as long as it is the same window. */
  takerOf(window: Window): RowTaker {
    const before = this.#current;
    if (before?.window.startMs === window.startMs && before.window.endMs === window.endMs)
      return before.taker;
    if (before?.window.endMs === window.startMs) this.#previous.turn();
    else this.#previous.forget();
    const taker = new RowTaker(this.#take, this.#previous);
    this.#current = { window, taker };
    return taker;
  }
}
