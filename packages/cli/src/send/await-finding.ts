import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelWhisper, FindingObservation, PodBirthCertificate } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';

const POLL_MS = 100;
/** After so long, what is assessed is taken as the answer although its phase is another one than the observation makes likely. */
const SETTLED_AFTER_MS = 1500;

interface Subject {
  readonly pod_name: string;
  readonly namespace: string;
  readonly pod_uid: string | null;
}

const isAbout = (observation: FindingObservation, spec: Subject): boolean =>
  observation.pod_name === null
    ? spec.pod_uid === observation.pod_uid
    : spec.pod_name === observation.pod_name && spec.namespace === observation.namespace;

interface Assessed {
  readonly metadata: { readonly generation: number | null };
  readonly status: { readonly observed_generation: number | null } | null;
}

export const isAssessed = ({ metadata, status }: Assessed): boolean =>
  status?.observed_generation != null && status.observed_generation >= (metadata.generation ?? 0);

const notOlder = (seen: string, sent: string): boolean => Date.parse(seen) >= Date.parse(sent);

export type FiledFinding =
  | { readonly kind: 'KernelWhisper'; readonly object: KernelWhisper; readonly merged: boolean }
  | { readonly kind: 'PodBirthCertificate'; readonly object: PodBirthCertificate; readonly merged: boolean };

type Ongoing = Exclude<FindingObservation, { type: 'pod_creation' }>;

/** `likely`: it fits, but where reading lags behind writing it may also be what was before. */
type Match = 'certain' | 'likely' | 'other';

interface Look {
  readonly finding: FiledFinding;
  readonly match: Match;
}

function saysTheSame(spec: KernelWhisper['spec'], sent: Ongoing): boolean {
  switch (sent.type) {
    case 'cpu_throttle':
      return spec.throttled_percent === sent.throttle_percentage;
    case 'memory_pressure':
      return (spec.memory?.usage_percent ?? null) === sent.memory_usage_percentage;
    case 'network_issue':
      return spec.network?.failure_percent === sent.failure_percentage;
  }
}

/**
 * The operator answers an observation when what it changes is in the store, and only counts one that changes nothing: so
 * an assessed whisper in the phase that the observation makes is the answer, whether it was opened by it or stood before.
 */
function matchOf({ spec, status }: KernelWhisper, sent: Ongoing): Match {
  if (status?.phase !== (sent.ended ? 'Resolved' : 'Open')) return 'other';
  return sent.ended || saysTheSame(spec, sent) ? 'certain' : 'likely';
}

async function lookForWhisper(target: Target, sent: Ongoing): Promise<Look | null> {
  const { items } = await target.list('KernelWhisper', sent.namespace);
  const object = items.find(
    ({ spec }) =>
      spec.kind === sent.type && isAbout(sent, spec) && spec.container_name === sent.container_name,
  );
  if (object === undefined || !isAssessed(object)) return null;
  const merged = !sent.ended && !notOlder(object.spec.detected_at, sent.timestamp);
  return { finding: { kind: 'KernelWhisper', object, merged }, match: matchOf(object, sent) };
}

async function lookForCertificate(target: Target, sent: FindingObservation): Promise<Look | null> {
  const { items } = await target.list('PodBirthCertificate', sent.namespace);
  const object = items.find(({ spec }) => isAbout(sent, spec));
  if (object === undefined || !isAssessed(object)) return null;
  const merged = !notOlder(object.spec.recorded_at, sent.timestamp);
  return { finding: { kind: 'PodBirthCertificate', object, merged }, match: 'certain' };
}

const look = (target: Target, sent: FindingObservation): Promise<Look | null> =>
  sent.type === 'pod_creation' ? lookForCertificate(target, sent) : lookForWhisper(target, sent);

/** Whether a look is the answer: at once where it is certain, with the second one where it is likely. */
const isAnswer = ({ match }: Look, previous: Match | null, elapsedMs: number): boolean =>
  match === 'certain' || (match === 'likely' && previous === 'likely') || elapsedMs >= SETTLED_AFTER_MS;

/** What was made of an observation; null when it was not assessed within the time. */
export async function awaitFinding(
  target: Target,
  sent: FindingObservation,
  withinMs: number,
  signal: AbortSignal,
): Promise<FiledFinding | null> {
  const start = performance.now();
  let previous: Match | null = null;
  for (;;) {
    const seen = await look(target, sent);
    const elapsed = performance.now() - start;
    if (seen !== null && isAnswer(seen, previous, elapsed)) return seen.finding;
    if (elapsed >= withinMs || signal.aborted) return null;
    previous = seen?.match ?? null;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
