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

/** Makes observations of what was found, and takes them in. */
export async function takeFound(
  found: Found,
  sender: Sender,
  observationOf: ObservationOf,
  take: TakeItems,
): Promise<Outcome> {
  const told: Told[] = [];
  const wrong = [...found.unreadable];
  for (const row of found.rows) {
    const observation = observationOf(row.table, row.row, { source: row.source });
    if (isLeft(observation)) wrong.push({ items: row.items, why: explain(row, observation.left) });
    else if (observation.right !== null)
      told.push({ items: row.items, observation: withUid(observation.right, row) });
  }
  const result =
    told.length === 0
      ? null
      : await take(
          told.map(({ observation }) => observation),
          sender,
        );
  const refused = refusedOf(result?.answer.rejected ?? []);
  for (const [index, failure] of refused) {
    wrong.push({ items: told[index]?.items ?? 0, why: describeFailure(failure) });
  }
  const rejected = wrong.reduce((sum, { items }) => sum + items, 0);
  return {
    accepted: found.items - found.ignored - rejected,
    rejected,
    ignored: found.ignored,
    message: summary(wrong.map(({ why }) => why)),
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

/** The first few reasons, each once. */
function summary(reasons: readonly string[]): string {
  const different = [...new Set(reasons.map((reason) => reason.slice(0, LONGEST_REASON)))];
  const more = different.length - MOST_REASONS;
  return [...different.slice(0, MOST_REASONS), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
