import type * as t from 'io-ts';
import {
  containerId,
  dnsLabel,
  list,
  milliseconds,
  oneOf,
  optional,
  required,
  struct,
  text,
} from '../codec/index.ts';

/** Who did a thing while a pod was born. */
export const actor = oneOf('apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel');
export type Actor = 'apiserver' | 'scheduler' | 'kubelet' | 'runtime' | 'cni' | 'kernel';

/** Whose clock a time was read from. */
export const clock = oneOf('node', 'control-plane');
export type TimelineClock = 'node' | 'control-plane';

/** One thing that happened while a pod was born. */
export const TimelineEntry = struct('a timeline entry', {
  timestamp_ms: required(milliseconds, 'When it began, in milliseconds since the birth began.'),
  actor: required(actor, 'Who did it.'),
  action: required(text(256), 'What was done.'),
  duration_ms: optional(milliseconds, 'How long it took; absent where only its beginning is known.'),
  resolution_ms: optional(
    milliseconds,
    "How coarse the clock of this entry is: it began within this many milliseconds after timestamp_ms. Kubernetes' own times are whole seconds.",
  ),
  clock: optional(
    clock,
    "Whose clock it is: the node's, or another machine's, such as the API server's; the two may differ.",
  ),
  source: optional(text(63), 'Where the time comes from.'),
  container_id: optional(
    containerId,
    'The container that it was done for; absent where it was done for the pod.',
  ),
  container_name: optional(dnsLabel, 'Name of that container; a sandbox has none.'),
  details: optional(text(1024), 'More about it, for people.'),
});
export type TimelineEntry = t.TypeOf<typeof TimelineEntry>;

/** What happened while a pod was born, in the order of the entries' own times. */
export const Timeline = list(TimelineEntry, { maxItems: 256 });
