import { KernelGossipError, type KernelWhisper, type PodBirthCertificate } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';

/** Everything known about one pod. */
export interface PodFindings {
  readonly namespace: string;
  readonly whispers: readonly KernelWhisper[];
  readonly certificates: readonly PodBirthCertificate[];
}

interface AboutPod {
  readonly spec: { readonly pod_name: string; readonly namespace: string };
}

const about =
  (pod: string) =>
  ({ spec }: AboutPod): boolean =>
    spec.pod_name === pod;

/** `pod/web-1` and `pods/web-1` as kubectl takes them, and plain `web-1`. */
export const podNameOf = (argument: string): string => argument.replace(/^(pods?|po)\//, '');

/** What is known about a pod; `KG_NOT_FOUND` where nothing is, `KG_USAGE` where several pods have this name. */
export async function findingsOf(
  target: Target,
  pod: string,
  namespace: string | null,
): Promise<PodFindings> {
  const [whispers, certificates] = await Promise.all([
    target.list('KernelWhisper', namespace),
    target.list('PodBirthCertificate', namespace),
  ]);
  const found = {
    whispers: whispers.items.filter(about(pod)),
    certificates: certificates.items.filter(about(pod)),
  };
  const namespaces = [
    ...new Set([...found.whispers, ...found.certificates].map(({ spec }) => spec.namespace)),
  ].sort();
  const [only] = namespaces;
  if (only === undefined) {
    const where = namespace === null ? 'in any namespace' : `in namespace ${namespace}`;
    throw new KernelGossipError(
      'KG_NOT_FOUND',
      `Nothing is known about a pod "${pod}" ${where}: no whisper and no birth certificate. \`kgossip whispers -A\` lists the pods with whispers.`,
    );
  }
  if (namespaces.length > 1) {
    throw new KernelGossipError(
      'KG_USAGE',
      `There are pods "${pod}" in the namespaces ${namespaces.join(', ')}: say which one with -n.`,
    );
  }
  return { namespace: only, ...found };
}
