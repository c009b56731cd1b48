import type * as t from 'io-ts';
import { count, milliseconds, oneOf, optional, percent, required, struct, text } from '../codec/index.ts';
import { ongoingFields, subjectChecks, subjectFields } from './common.ts';

/** What goes wrong on a pod's network. */
export const networkSymptom = oneOf('retransmits', 'drops', 'resets', 'dns_failures', 'connection_failures');
export type NetworkSymptom = 'retransmits' | 'drops' | 'resets' | 'dns_failures' | 'connection_failures';

/** Packets, connections or look-ups of a pod failed. */
export const NetworkIssue = struct(
  'a network_issue observation',
  {
    type: required(oneOf('network_issue'), 'Kind of the observation.'),
    ...subjectFields,
    ...ongoingFields,
    symptom: required(networkSymptom, 'What goes wrong.'),
    failure_percentage: required(percent, 'Share of the attempts in the window that failed.'),
    failed: optional(count, 'Attempts that failed in the window.'),
    attempted: optional(count, 'Attempts made in the window.'),
    latency_ms: optional(milliseconds, 'Round-trip time in the window, median.'),
    remote: optional(text(253), 'The other end, where it is always the same one.'),
  },
  { checks: subjectChecks },
);
export type NetworkIssue = t.TypeOf<typeof NetworkIssue>;
