import { setImmediate as turn } from 'node:timers/promises';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describeFailure, type WebhookAnswer } from 'kernel-gossip-types';
import { isKnownTable, observationOf, type Row } from 'kernel-gossip-pxl-scripts';
import type { RowBatch } from '../client/pixie-client.ts';
import type { PreviousRows } from './previous-rows.ts';
import type { Figures } from './script-state.ts';
import { rowKey, SeenRows } from './seen-rows.ts';

/** Takes observations in; throws where they may be taken when they are sent again. */
export type Take = (observations: readonly unknown[]) => Promise<WebhookAnswer>;

const SOURCE = 'pixie';
/** So many rows are worked on at a time; between them others have their turn. */
const CHUNK = 500;

/** Makes observations of the rows of one window, and takes each once, however often the window is run. */
export class RowTaker {
  readonly #take: Take;
  readonly #previous: PreviousRows;
  readonly #seen = new SeenRows();
  #rows = 0;
  #observations = 0;
  #rejected = 0;
  #unreadable = 0;
  #fault: string | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(take: Take, previous: PreviousRows) {
    this.#take = take;
    this.#previous = previous;
  }

  get figures(): Figures {
    return {
      rows: this.#rows,
      observations: this.#observations,
      rejected: this.#rejected,
      unreadable: this.#unreadable,
      fault: this.#fault,
    };
  }

  /** Why rows could not be taken in last; that Pixie's stream was ended for it says less. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Resolves when all rows of the batch were taken. Throws what `take` throws; what was not taken then can come again. */
  async batch({ table, rows }: RowBatch): Promise<void> {
    this.#failure = null;
    for (let from = 0; from < rows.length; from += CHUNK) {
      await this.#chunk(table, rows.slice(from, from + CHUNK));
      await turn();
    }
  }

  async #chunk(table: string, rows: readonly Row[]): Promise<void> {
    const fresh = rows
      .map((row) => [rowKey(table, row), row] as const)
      .filter(([key]) => !this.#seen.has(key));
    const faults: string[] = [];
    const observations: unknown[] = [];
    for (const [, row] of fresh) {
      const read = this.#read(table, row);
      if (typeof read === 'string') faults.push(read);
      else if (read !== null) observations.push(read);
    }
    const answer = await this.#takeAll(observations);
    for (const [key, row] of fresh) {
      this.#seen.add(key);
      this.#previous.set(table, row);
    }
    this.#count(fresh.length, faults, observations.length, answer);
  }

  /** The observation that a row tells, null where it tells nothing, or what is wrong with it. */
  #read(table: string, row: Row): object | string | null {
    if (!isKnownTable(table)) return `nobody knows the table ${table}`;
    const previous = this.#previous.get(table, row);
    const read = observationOf(table, row, { source: SOURCE, ...(previous === null ? {} : { previous }) });
    if (!isLeft(read)) return read.right;
    const { column, expected, got } = read.left;
    return describeFailure({ path: `${table}.${column}`, expected, got });
  }

  async #takeAll(observations: readonly unknown[]): Promise<WebhookAnswer> {
    if (observations.length === 0) return { accepted: 0, rejected: [], error: null };
    try {
      return await this.#take(observations);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #count(
    rows: number,
    faults: readonly string[],
    observations: number,
    { accepted, rejected }: WebhookAnswer,
  ): void {
    const [refused] = rejected;
    this.#rows += rows;
    this.#observations += accepted;
    this.#unreadable += faults.length;
    this.#rejected += faults.length + observations - accepted;
    this.#fault ??= faults[0] ?? (refused === undefined ? null : describeFailure(refused));
  }
}
