import { networkSymptom, text, type NetworkSymptom } from 'kernel-gossip-types';
import { NETWORK } from '../thresholds.ts';
import { count, moment, nanoseconds, needed, textual, type Column } from './cell.ts';
import { milliseconds, rounded, secondsOf, SUBJECT, subjectOf, table } from './common.ts';

const symptom: Column<NetworkSymptom> = {
  expected: networkSymptom.name,
  read: (cell) => (networkSymptom.is(cell) ? cell : undefined),
};

const COLUMNS = {
  ...SUBJECT,
  first_time: moment,
  symptom,
  failed: needed(count),
  attempted: count,
  remote: textual(text(253)),
  latency_ns: nanoseconds,
} as const;

/** What failed on a pod's network. Null where too few attempts failed, or were made, or nobody counted them. */
export const networkIssue = table(COLUMNS, (cells, context) => {
  const subject = subjectOf(cells, context);
  if (subject === null || cells.attempted === null) return null;
  const { enterPercent, minAttempts } = NETWORK[cells.symptom];
  // What fails in a window may have been begun before it: never fewer attempts than failed.
  const attempted = Math.max(cells.attempted, cells.failed);
  const percent = (100 * cells.failed) / attempted;
  if (attempted < minAttempts || percent < enterPercent) return null;
  return {
    type: 'network_issue',
    ...subject,
    period_seconds: secondsOf(cells),
    symptom: cells.symptom,
    failure_percentage: rounded(percent),
    failed: cells.failed,
    attempted,
    latency_ms: milliseconds(cells.latency_ns),
    remote: cells.remote,
  };
});
