import type { Row } from 'kernel-gossip-pxl-scripts';

const MOST_ROWS = 20_000;

/**
 * The row of each container from the window before, whose counters are where this window's begin. What was not heard of
 * in that window is forgotten, and of more than so many containers the rest is not remembered: such a row is judged by its
 * own counters alone.
 */
export class PreviousRows {
  readonly #most: number;
  #before: Rows = new Map();
  #now: Rows = new Map();

  constructor(most = MOST_ROWS) {
    this.#most = most;
  }

  get(table: string, row: Row): Row | null {
    const key = keyOf(table, row);
    return key === null ? null : (this.#before.get(key) ?? null);
  }

  set(table: string, row: Row): void {
    const key = keyOf(table, row);
    if (key === null) return;
    // Two groups of one container with the same limit: whose counters are whose cannot be told.
    if (this.#now.has(key)) this.#now.set(key, null);
    else if (this.#now.size < this.#most) this.#now.set(key, row);
  }

  /** A window was taken in whole, and the next one begins where it ended. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** Time was left out: counters of before say nothing about the window that comes next. */
  forget(): void {
    this.turn();
    this.turn();
  }
}

type Rows = Map<string, Row | null>;

/** Tables whose rows hold counters that go on from window to window. */
const TABLES_OF_COUNTERS: ReadonlySet<string> = new Set(['cpu_throttle']);

/** A container has a row for each limit that it had. */
const keyOf = (table: string, { container_id, quota_ns, period_ns }: Row): string | null =>
  TABLES_OF_COUNTERS.has(table) && typeof container_id === 'string' && container_id !== ''
    ? `${container_id} ${String(quota_ns)} ${String(period_ns)}`
    : null;
