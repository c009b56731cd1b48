import type * as t from 'io-ts';
import { list, milliseconds, oneOf, optional, required, struct, text } from '../codec/index.ts';

/** Who did a thing while a pod was born. */
export const actor = oneOf('scheduler', 'kubelet', 'runtime', 'kernel');
export type Actor = 'scheduler' | 'kubelet' | 'runtime' | 'kernel';

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
  source: optional(text(63), 'Where the time comes from.'),
  details: optional(text(1024), 'More about it, for people.'),
});
export type TimelineEntry = t.TypeOf<typeof TimelineEntry>;

/** What happened while a pod was born, in the order of the entries' own times. */
export const Timeline = list(TimelineEntry, { maxItems: 256 });
