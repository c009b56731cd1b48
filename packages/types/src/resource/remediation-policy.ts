import type * as t from 'io-ts';
import {
  count,
  defaulted,
  list,
  matching,
  numberBetween,
  oneOf,
  optional,
  required,
  seconds,
  struct,
  textMap,
  cores,
  bytes,
} from '../codec/index.ts';
import { findingKind } from './kernel-whisper.ts';
import { apiVersion, Conditions, ObjectMeta } from './metadata.ts';
import { remediationMode } from './remedy.ts';

export const PodSelector = struct('a pod selector', {
  match_labels: optional(
    textMap,
    'Labels that a pod must all carry; none selects every pod of the namespace.',
  ),
});

export const RemediationLimits = struct('remediation limits', {
  max_cpu_cores: optional(cores, 'No CPU limit is raised above this many cores.'),
  max_memory_bytes: optional(bytes, 'No memory limit is raised above this many bytes.'),
  max_increase_percent: defaulted(
    numberBetween('a percentage 1..1000', 1, 1000),
    300,
    'No single change raises a limit by more than this share of it.',
  ),
  max_factor: defaulted(
    numberBetween('a factor 1..100', 1, 100),
    8,
    'No limit is raised above this many times what the container began with.',
  ),
  max_changes_per_hour: defaulted(count, 6, 'At most this many changes to one workload in an hour.'),
  min_seconds_between_changes: defaulted(
    seconds,
    60,
    'At least this long between two changes to one container.',
  ),
});

export const weekday = oneOf('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun');
export type Weekday = 'Mon' | 'Tue' | 'Wed' | 'Thu' | 'Fri' | 'Sat' | 'Sun';

export const timeOfDay = matching(
  'a time of day HH:MM, 00:00..24:00',
  /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
  5,
);

/** A part of the week, in UTC. Where `to` lies before `from`, it ends on the next day. */
export const AllowedHours = struct('allowed hours', {
  days: optional(list(weekday, { maxItems: 7 }), 'The days on which it begins; all where absent.'),
  from: required(timeOfDay, 'When it begins, in UTC.'),
  to: required(timeOfDay, 'When it ends, in UTC.'),
});
export type AllowedHours = t.TypeOf<typeof AllowedHours>;

export type RemediationLimits = t.TypeOf<typeof RemediationLimits>;

export const RemediationPolicySpec = struct(
  'a remediation policy spec',
  {
    mode: defaulted(
      remediationMode,
      'DryRun',
      'Off: propose nothing. DryRun: propose. Auto: propose, apply and prove.',
    ),
    pod_selector: optional(PodSelector, 'Which pods of the namespace may be changed.'),
    kinds: optional(
      list(findingKind, { maxItems: 8 }),
      'Which kinds of whisper may lead to a change; all where absent.',
    ),
    limits: optional(RemediationLimits, 'How far, and how often.'),
    allowed_hours: optional(
      list(AllowedHours, { maxItems: 16 }),
      'When changes may be begun; at any time where absent. What was begun is always brought to its end.',
    ),
  },
  { description: 'Which pods may be changed, how far, how often and in which mode.' },
);
export type RemediationPolicySpec = t.TypeOf<typeof RemediationPolicySpec>;

export const RemediationPolicyStatus = struct(
  'a remediation policy status',
  {
    conditions: optional(Conditions, 'Its conditions.'),
    observed_generation: optional(count, 'The generation of the spec that this status speaks of.'),
  },
  { description: 'Whether the policy is in force.' },
);
export type RemediationPolicyStatus = t.TypeOf<typeof RemediationPolicyStatus>;

export const RemediationPolicy = struct('a RemediationPolicy', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('RemediationPolicy'), 'Kind.'),
  metadata: required(ObjectMeta, 'Metadata.'),
  spec: required(RemediationPolicySpec, 'Which pods may be changed, and how.'),
  status: optional(RemediationPolicyStatus, 'Whether the policy is in force.'),
});
export type RemediationPolicy = t.TypeOf<typeof RemediationPolicy>;
