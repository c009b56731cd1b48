import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelWhisper, Observation, PodBirthCertificate } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';

const POLL_MS = 100;
/** After so long a standing finding that was not rewritten is taken as the answer: writes follow transitions, not samples. */
const MERGED_AFTER_MS = 1500;

interface Subject {
  readonly pod_name: string;
  readonly namespace: string;
  readonly pod_uid: string | null;
}

const isAbout = (observation: Observation, spec: Subject): boolean =>
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

interface Look {
  readonly finding: FiledFinding;
  readonly isOurs: boolean;
}

async function lookForWhisper(
  target: Target,
  sent: Exclude<Observation, { type: 'pod_creation' }>,
): Promise<Look | null> {
  const { items } = await target.list('KernelWhisper', sent.namespace);
  const object = items.find(
    ({ spec }) =>
      spec.kind === sent.type && isAbout(sent, spec) && spec.container_name === sent.container_name,
  );
  if (object === undefined || !isAssessed(object)) return null;
  const isOurs = sent.ended
    ? object.status?.phase === 'Resolved'
    : notOlder(object.spec.detected_at, sent.timestamp);
  return { finding: { kind: 'KernelWhisper', object, merged: !isOurs }, isOurs };
}

async function lookForCertificate(target: Target, sent: Observation): Promise<Look | null> {
  const { items } = await target.list('PodBirthCertificate', sent.namespace);
  const object = items.find(({ spec }) => isAbout(sent, spec));
  if (object === undefined || !isAssessed(object)) return null;
  const isOurs = notOlder(object.spec.recorded_at, sent.timestamp);
  return { finding: { kind: 'PodBirthCertificate', object, merged: !isOurs }, isOurs };
}

/** What was made of an observation; null when it was not assessed within the time. */
export async function awaitFinding(
  target: Target,
  sent: Observation,
  withinMs: number,
  signal: AbortSignal,
): Promise<FiledFinding | null> {
  const start = performance.now();
  for (;;) {
    const look =
      sent.type === 'pod_creation'
        ? await lookForCertificate(target, sent)
        : await lookForWhisper(target, sent);
    const elapsed = performance.now() - start;
    if (look !== null && (look.isOurs || elapsed >= MERGED_AFTER_MS)) return look.finding;
    if (elapsed >= withinMs || signal.aborted) return null;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
