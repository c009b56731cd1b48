import type { ContainerResources, RemedyCheck } from 'kernel-gossip-types';
import { isUnknown, type ContainerFacts, type PodFacts, type Surroundings } from '../cluster/remedy-facts.ts';
import { limitOf, type RemedyResource } from './amounts.ts';
import type { Bound } from './bounds.ts';
import { qosClassOf, resourcesWith } from './change.ts';
import { LONGEST_MESSAGE } from './situation.ts';

export interface ChecksFor {
  readonly resource: RemedyResource;
  readonly pod: PodFacts;
  readonly container: ContainerFacts;
  readonly surroundings: Surroundings;
  /** What it is to have. */
  readonly to: ContainerResources;
  readonly bounds: readonly Bound[];
}

/** Everything that must hold before a change, in the order in which a refusal is worth telling. */
export const checksFor = (given: ChecksFor): readonly RemedyCheck[] =>
  [
    permission(given),
    support(given),
    running(given),
    resizable(given),
    restart(given),
    runtimeClass(given),
    qosClass(given),
    ...bounds(given),
    autoscalers(given),
    repository(given),
  ].map((check) => ({ ...check, message: check.message.slice(0, LONGEST_MESSAGE) }));

const checked = (name: string, passed: boolean, message: string): RemedyCheck => ({ name, passed, message });
const undetermined = (name: string, why: string): RemedyCheck =>
  checked(name, false, `could not be found out: ${why}`);

/** The one check that does not matter while a change is only shown. */
export const PERMISSION = 'Permission';

const permission = ({ surroundings: { missingRight }, pod }: ChecksFor): RemedyCheck =>
  checked(
    PERMISSION,
    missingRight === null,
    missingRight === null
      ? `the operator may change pods of ${pod.namespace}`
      : `the operator lacks ${missingRight}: bind it with \`kubectl create rolebinding kernel-gossip-remedy -n ${pod.namespace} --clusterrole=kernel-gossip-remedy --serviceaccount=kernel-gossip:kernel-gossip-operator\``,
  );

function support({ surroundings: { canResize } }: ChecksFor): RemedyCheck {
  if (isUnknown(canResize)) return undetermined('InPlaceResize', canResize.unknown);
  return checked(
    'InPlaceResize',
    canResize,
    canResize
      ? 'the API server knows pods/resize'
      : 'the API server does not know pods/resize, which came with Kubernetes 1.33: change the template instead',
  );
}

const running = ({ pod: { phase, isGoing } }: ChecksFor): RemedyCheck =>
  checked(
    'PodRunning',
    phase === 'Running' && !isGoing,
    isGoing ? 'the pod is being deleted' : `the pod is ${phase ?? 'in no known phase'}`,
  );

function resizable({ pod: { isStatic }, container: { kind }, resource, to }: ChecksFor): RemedyCheck {
  const name = 'Resizable';
  if (isStatic) return checked(name, false, "a static pod is its node's own file: change it there");
  if (kind === 'init' || kind === 'ephemeral')
    return checked(name, false, `${kind} containers cannot be resized (KEP-1287)`);
  if (limitOf(resource, to) === null) return checked(name, false, `the container has no ${resource} limit`);
  return checked(name, true, 'containers and sidecars can be resized');
}

const restart = ({ container: { restarts }, resource }: ChecksFor): RemedyCheck =>
  checked(
    'NoRestart',
    !restarts[resource],
    restarts[resource]
      ? `resizePolicy says RestartContainer for ${resource}: the change would restart it`
      : `resizePolicy does not ask for a restart when ${resource} changes`,
  );

const runtimeClass = ({ pod }: ChecksFor): RemedyCheck =>
  checked(
    'RuntimeClass',
    pod.runtimeClass === null,
    pod.runtimeClass === null
      ? "the node's default runtime"
      : `runtime class ${pod.runtimeClass}: sandboxes fix what their guest sees when they start`,
  );

function qosClass({ pod, container, to }: ChecksFor): RemedyCheck {
  const after = qosClassOf(resourcesWith(pod, container.name, to));
  return checked(
    'QosClass',
    pod.qosClass === after,
    pod.qosClass === after ? `stays ${after}` : `would go from ${pod.qosClass ?? 'unknown'} to ${after}`,
  );
}

const BOUNDS = ['PolicyBound', 'LimitRange', 'ResourceQuota', 'NodeRoom'] as const;

/** One for each kind of bound: it passes where the new limit lies within. */
function bounds({ bounds: all, surroundings, to, resource }: ChecksFor): readonly RemedyCheck[] {
  const limit = limitOf(resource, to);
  return BOUNDS.map((name): RemedyCheck => {
    const unknown = unknownOf(name, surroundings);
    if (unknown !== null) return undetermined(name, unknown);
    const broken = all.find(
      (bound) => bound.name === name && limit !== null && limit > bound.most * (1 + 1e-9),
    );
    return broken === undefined
      ? checked(name, true, 'leaves room for it')
      : checked(name, false, `leaves no room for it: ${broken.why}`);
  });
}

function unknownOf(
  name: (typeof BOUNDS)[number],
  { limitRanges, quotas, node }: Surroundings,
): string | null {
  const fact = { PolicyBound: null, LimitRange: limitRanges, ResourceQuota: quotas, NodeRoom: node }[name];
  return isUnknown(fact) ? fact.unknown : null;
}

function autoscalers({ surroundings: { autoscalers: all }, resource }: ChecksFor): RemedyCheck {
  if (isUnknown(all)) return undetermined('Autoscaler', all.unknown);
  const rival = all.find(({ resources }) => resources.includes(resource));
  return checked(
    'Autoscaler',
    rival === undefined,
    rival === undefined
      ? `no autoscaler acts on ${resource}`
      : `${rival.kind} ${rival.name} acts on ${resource}: two who change the same undo each other`,
  );
}

function repository({ surroundings: { managedBy } }: ChecksFor): RemedyCheck {
  if (isUnknown(managedBy)) return undetermined('Repository', managedBy.unknown);
  return checked(
    'Repository',
    managedBy === null,
    managedBy === null
      ? 'nothing is seen that keeps the workload in line with a repository'
      : `${managedBy} keeps the workload in line with a repository: commit the patch of the owner there`,
  );
}
