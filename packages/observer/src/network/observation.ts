import type { NetworkIssue } from 'kernel-gossip-types';
import type { Subject } from '../identify/subject.ts';
import { rounded } from '../rate/rounded.ts';
import type { Sender } from '../sender.ts';
import type { NetworkReport } from './detector.ts';
import { SYMPTOM_OF } from './measures.ts';
import { attemptedOf, failedPercent } from './tally.ts';

/**
 * A `network_issue` observation as this observer sends it: about a pod as a whole, whose containers share one network. It never
 * says `latency_ms` or `remote`, which counters do not tell.
 */
export type NetworkIssueMessage = Pick<
  NetworkIssue,
  | 'type'
  | 'cgroup'
  | 'timestamp'
  | 'period_seconds'
  | 'symptom'
  | 'failure_percentage'
  | 'failed'
  | 'attempted'
  | 'source'
  | 'provenance'
  | 'ended'
> &
  Subject & { readonly node_name?: string };

/** Puts a report about the pod whose group is at `path` into the words of the wire. */
export function toNetworkMessage(
  report: NetworkReport,
  subject: Subject,
  path: string,
  sender: Sender,
): NetworkIssueMessage {
  const { measure, window } = report;
  return {
    type: 'network_issue',
    ...subject,
    ...(sender.nodeName === null ? {} : { node_name: sender.nodeName }),
    cgroup: path,
    timestamp: new Date(report.endMs).toISOString(),
    period_seconds: rounded(window.seconds),
    symptom: SYMPTOM_OF[measure],
    failure_percentage: rounded(failedPercent(window)),
    failed: window.failed,
    attempted: attemptedOf(window),
    source: sender.source,
    provenance: 'measured',
    ended: report.kind === 'ended',
  };
}
