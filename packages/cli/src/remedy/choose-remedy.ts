import { KernelGossipError, type FindingKind, type KernelWhisper, type Remedy } from 'kernel-gossip-types';

export interface Remedied {
  readonly whisper: KernelWhisper;
  readonly remedy: Remedy;
}

/** Whose remedy is meant. */
export interface RemedyQuestion {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string | null;
  readonly kind: FindingKind | null;
}

export const remedied = (whispers: readonly KernelWhisper[]): readonly Remedied[] =>
  whispers.flatMap((whisper) => {
    const remedy = whisper.status?.remedy ?? null;
    return remedy === null ? [] : [{ whisper, remedy }];
  });

const keyOf = ({ whisper, remedy }: Remedied): string => `${remedy.container_name}/${whisper.spec.kind}`;

/** Of a pod that was made anew under its old name, only the latest remedy for each container and kind. */
function latest(found: readonly Remedied[]): readonly Remedied[] {
  const newestLast = found.toSorted(
    (a, b) => Date.parse(a.whisper.spec.detected_at) - Date.parse(b.whisper.spec.detected_at),
  );
  return [...new Map(newestLast.map((one) => [keyOf(one), one])).values()];
}

/** The remedies that are asked for; `KG_NOT_FOUND` where there are none. */
export function remediesFor(
  whispers: readonly KernelWhisper[],
  { pod, namespace, container, kind }: RemedyQuestion,
): readonly Remedied[] {
  const ofPod = whispers.filter(({ spec }) => spec.pod_name === pod);
  const found = latest(remedied(ofPod)).filter(
    ({ whisper, remedy }) =>
      (container === null || remedy.container_name === container) &&
      (kind === null || whisper.spec.kind === kind),
  );
  if (found.length > 0) return found;
  const why =
    ofPod.length === 0
      ? `Nothing is known about a pod "${pod}" in namespace ${namespace}.`
      : `Pod ${namespace}/${pod} has ${ofPod.length === 1 ? 'a whisper' : `${ofPod.length} whispers`}, but no such remedy: nothing was proposed for it. Which pods may be changed is said by policies: kubectl get remediationpolicies -n ${namespace}`;
  throw new KernelGossipError('KG_NOT_FOUND', `${why} \`kgossip remedy list -A\` lists all remedies.`);
}

/** The one that is meant: where there are several, the only one that fits. `KG_USAGE` where that is not clear. */
export function theRemedy(found: readonly Remedied[], fits: (remedy: Remedy) => boolean): Remedied {
  const fitting = found.filter(({ remedy }) => fits(remedy));
  const candidates = fitting.length === 0 ? found : fitting;
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  const names = candidates.map(
    ({ whisper, remedy }) => `-c ${remedy.container_name} --kind ${whisper.spec.kind}`,
  );
  throw new KernelGossipError(
    'KG_USAGE',
    `There are several remedies, say which one: ${names.join(', or ')}.`,
  );
}
