import { headOf, type Portion, type Waiting } from './waiting.ts';

/**
 * Observations with their numbers, which they keep until they are answered: `first`, `first + 1`, and so on. So an operator
 * that took some of them and whose answer was lost can tell them from new ones.
 */
export interface Run {
  /** Whose numbers these are: another one for each start of an observer. */
  readonly stream: string;
  readonly first: number;
  readonly items: readonly Waiting[];
}

/** What one request carries. */
export interface Batch {
  /** A JSON array of the observations. */
  readonly body: string;
  readonly stream: string;
  /** Number of the first observation in its stream. */
  readonly first: number;
  readonly count: number;
  /** How many observations were lost before they could be numbered, since the stream began. */
  readonly dropped: number;
}

/** The first batch of a run. The same run, portion and loss make the same bytes. */
export function batchOf({ stream, first, items }: Run, most: Portion, dropped: number): Batch {
  const head = headOf(items, most);
  const body = `[${head.map(({ json }) => json).join(',')}]`;
  return { body, stream, first, count: head.length, dropped };
}

/** What is left of a run when its first `count` observations are answered; null when nothing is. */
export const restOf = ({ stream, first, items }: Run, count: number): Run | null =>
  count >= items.length ? null : { stream, first: first + count, items: items.slice(count) };
