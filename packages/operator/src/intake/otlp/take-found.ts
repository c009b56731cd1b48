import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import { describeFailure, type Rejection } from 'kernel-gossip-types';
import type { ObservationJson, Row, RowContext, RowFault } from 'kernel-gossip-pxl-scripts';
import type { Sender } from '../../authn/sender.ts';
import type { IntakeResult } from '../intake.ts';
import type { Found, FoundRow } from './found-rows.ts';

/** What a row tells; see `observationOf` of kernel-gossip-pxl-scripts. */
export type ObservationOf = (
  table: string,
  row: Row,
  context: RowContext,
) => Either<RowFault, ObservationJson | null>;

/** Takes observations in. Resolves when all that must be in the store is there; throws when it cannot be. */
export type TakeItems = (items: readonly unknown[], sender: Sender) => Promise<IntakeResult>;

/** What became of the data points or spans of a request. */
export interface Outcome {
  readonly accepted: number;
  readonly rejected: number;
  readonly ignored: number;
  /** What was wrong with those that were rejected; empty where none was. */
  readonly message: string;
  /** The sender may say nothing of what it said. */
  readonly isForbidden: boolean;
}

interface Told {
  readonly items: number;
  readonly observation: object;
}

/** What a request tells. It holds nothing of the rows that it was made of: most of them may be no news. */
export interface Telling {
  readonly items: number;
  readonly ignored: number;
  readonly told: readonly Told[];
  /** How many data points or spans are wrong, by why. */
  readonly wrong: ReadonlyMap<string, number>;
}

/** Makes observations of what was found. */
export function tell({ items, ignored, rows, unreadable }: Found, observationOf: ObservationOf): Telling {
  const told: Told[] = [];
  const wrong = new Map<string, number>();
  for (const { items: count, why } of unreadable) noteWrong(wrong, why, count);
  for (const row of rows) {
    const observation = observationOf(row.table, row.row, { source: row.source });
    if (isLeft(observation)) noteWrong(wrong, explain(row, observation.left), row.items);
    else if (observation.right !== null)
      told.push({ items: row.items, observation: withUid(observation.right, row) });
  }
  return { items, ignored, told, wrong };
}

function noteWrong(wrong: Map<string, number>, why: string, items: number): void {
  const reason = why.slice(0, LONGEST_REASON);
  wrong.set(reason, (wrong.get(reason) ?? 0) + items);
}

/** Takes in what a request tells. */
export async function takeTold(
  { items, ignored, told, wrong: unreadable }: Telling,
  sender: Sender,
  take: TakeItems,
): Promise<Outcome> {
  const result =
    told.length === 0
      ? null
      : await take(
          told.map(({ observation }) => observation),
          sender,
        );
  const wrong = new Map(unreadable);
  for (const [index, failure] of refusedOf(result?.answer.rejected ?? [])) {
    noteWrong(wrong, describeFailure(failure), told[index]?.items ?? 0);
  }
  const rejected = [...wrong.values()].reduce((sum, count) => sum + count, 0);
  return {
    accepted: items - ignored - rejected,
    rejected,
    ignored,
    message: summary([...wrong.keys()]),
    isForbidden: result?.status === 403,
  };
}

const withUid = (observation: ObservationJson, { podUid }: FoundRow): object =>
  podUid === null ? observation : { ...observation, pod_uid: podUid };

const explain = ({ table }: FoundRow, { column, expected, got }: RowFault): string =>
  `${table}: ${describeFailure({ path: column, expected, got })}`;

/** The first thing that is wrong with each observation that was refused, by its index. */
const refusedOf = (rejected: readonly Rejection[]): ReadonlyMap<number, Rejection> =>
  new Map([...rejected].reverse().map((rejection) => [rejection.index, rejection]));

const MOST_REASONS = 5;
const LONGEST_REASON = 300;

/** The first few reasons. */
function summary(reasons: readonly string[]): string {
  const more = reasons.length - MOST_REASONS;
  return [...reasons.slice(0, MOST_REASONS), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
