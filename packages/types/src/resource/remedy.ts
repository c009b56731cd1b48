import type * as t from 'io-ts';
import {
  boolean,
  cores,
  count,
  defaulted,
  dnsLabel,
  dnsSubdomain,
  list,
  numberBetween,
  oneOf,
  optional,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';
import { MeasuredPair } from './kernel-reading.ts';

export const remediationMode = oneOf('Off', 'DryRun', 'Auto');
export type RemediationMode = 'Off' | 'DryRun' | 'Auto';

export const REMEDY_PHASES = [
  'Proposed',
  'Refused',
  'Waiting',
  'Applying',
  'Measuring',
  'Proven',
  'TakingBack',
  'TakenBack',
  'SteppedBack',
  'LeftAlone',
] as const;
/**
 * Where a remedy stands. `Proposed`: shown, not sent. `Refused`: a check forbids it. `Waiting`: allowed, but not now.
 * `Applying`: sent, or about to be. `Measuring`: in force, and the kernel is asked whether it helps. `Proven`: it helped.
 * `TakingBack` and `TakenBack`: it did not. `SteppedBack`: nothing more is done and nothing taken back, as
 * when someone else changed the same limits meanwhile.
 * `LeftAlone`: no limit would be enough.
 */
export const remedyPhase = oneOf(...REMEDY_PHASES);
export type RemedyPhase = (typeof REMEDY_PHASES)[number];

/** A Kubernetes quantity, as it stands in a pod: `200m`, `64Mi`. */
const quantity = text(32);

export const ContainerResources = struct('the resources of a container', {
  cpu_limit: optional(quantity, 'CPU limit.'),
  cpu_request: optional(quantity, 'CPU request.'),
  memory_limit: optional(quantity, 'Memory limit.'),
  memory_request: optional(quantity, 'Memory request.'),
});
export type ContainerResources = t.TypeOf<typeof ContainerResources>;

export const RESOURCE_FIELDS = ['cpu_limit', 'cpu_request', 'memory_limit', 'memory_request'] as const;
export type ResourceField = (typeof RESOURCE_FIELDS)[number];

export const RemedyCheck = struct('a check', {
  name: required(text(63), 'What was checked, as one word for machines.'),
  passed: required(boolean, 'Whether it allows the change.'),
  message: required(text(1024), 'What was found.'),
});
export type RemedyCheck = t.TypeOf<typeof RemedyCheck>;

export const RemedySearch = struct('what was learned of the limit', {
  original_cores: required(cores, 'The limit before the first step.'),
  raises: required(count, 'How often the limit was raised.'),
  trims: required(count, 'How often a lower one was tried.'),
  highest_throttled_cores: optional(cores, 'The highest limit under which it was throttled.'),
  lowest_calm_cores: optional(cores, 'The lowest limit under which it was not.'),
  widest_cores: optional(
    cores,
    'The most cores on which it would have run at once, while no quota was left over.',
  ),
  unsure_cores: optional(
    cores,
    'A limit that is measured once more, as what was seen may be what was left to do.',
  ),
});
export type RemedySearch = t.TypeOf<typeof RemedySearch>;

export const RemedyOwner = struct('the owner of a pod', {
  kind: required(text(63), 'Kind of the workload whose template the pod was made from.'),
  name: required(dnsSubdomain, 'Its name.'),
  managed_by: optional(text(253), 'What keeps it in line with a repository, where something does.'),
  patch: required(text(8192), 'What to change in its template, as a strategic merge patch in JSON.'),
});
export type RemedyOwner = t.TypeOf<typeof RemedyOwner>;

/** A proposed change, its application, and the proof. */
export const Remedy = struct('a remedy', {
  phase: required(remedyPhase, 'Where it stands.'),
  reason: required(text(63), 'Why, as one word for machines.'),
  message: required(text(1024), 'Why, for people.'),
  mode: required(remediationMode, 'What is allowed: Off, DryRun or Auto.'),
  decided_by: optional(text(512), 'The policy or annotation that says so.'),
  proposal_id: optional(text(63), 'Names this proposal; an approval names it too.'),
  container_name: required(dnsLabel, 'The container to change.'),
  original: optional(ContainerResources, 'What it had before the first step.'),
  from: optional(ContainerResources, 'What it has before this step.'),
  to: optional(ContainerResources, 'What it is to have after this step.'),
  patch: optional(text(4096), 'The body of the PATCH of pods/resize: exactly what is sent, or would be.'),
  owner: optional(RemedyOwner, 'Where the same change has to be made to last.'),
  checks: optional(list(RemedyCheck, { maxItems: 32 }), 'What was checked before.'),
  search: optional(RemedySearch, 'What was learned of the limit so far.'),
  before: optional(MeasuredPair, 'What the kernel counted before the first step.'),
  after: optional(MeasuredPair, 'What the kernel counted last.'),
  improvement_percent: optional(
    numberBetween('a percentage from -1000000 to 100', -1_000_000, 100),
    'By how much the time withheld per second fell since `before`. Absent where it cannot be told.',
  ),
  setbacks: defaulted(
    count,
    0,
    'How many attempts were taken back; each doubles the time to the next one, up to 16 times.',
  ),
  changes: optional(list(timestamp, { maxItems: 64 }), 'When limits were changed, for the last hour.'),
  answered_request: optional(text(128), 'The request of a person that was answered last.'),
  started_at: optional(timestamp, 'When this attempt began.'),
  measured_until: optional(
    timestamp,
    'The newest reading that was known when this step began, by its own clock: only later ones speak of it.',
  ),
  oom_kills_before: optional(
    count,
    'Processes that had been killed in this episode when the change was made.',
  ),
  applied_at: optional(timestamp, 'When the change of this step was sent.'),
  heard_at: optional(timestamp, "When the newest reading arrived, by the operator's clock."),
  decided_at: optional(timestamp, 'When it came to its end.'),
  next_attempt_at: optional(timestamp, 'Not before this time something will be tried again.'),
});
export type Remedy = t.TypeOf<typeof Remedy>;

/** On a KernelWhisper: what a person asks for, `approve/<proposal_id>` or `undo/<proposal_id>`. */
export const REMEDY_REQUEST_ANNOTATION = 'kernel-gossip.io/remedy-request';
/** What a person may ask for about a remedy. */
export type RemedyVerb = 'approve' | 'undo';
/** The value of `REMEDY_REQUEST_ANNOTATION`. */
export const remedyRequest = (verb: RemedyVerb, proposalId: string | null): string =>
  `${verb}/${proposalId ?? ''}`;
/** On a pod: the mode for it alone, Off, DryRun or Auto. */
export const REMEDIATION_ANNOTATION = 'kernel-gossip.io/remediation';
