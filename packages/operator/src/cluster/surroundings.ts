import { isKernelGossipError, messageOf, type Workload } from 'kernel-gossip-types';
import { pathOf, type KubeApi, type Query } from './kube-api.ts';
import { parseQuantity } from './quantity.ts';
import { fieldOf, itemsOf, textOf } from './raw-fields.ts';
import type {
  Amounts,
  AutoscalerFacts,
  Known,
  LimitRangeFacts,
  NodeFacts,
  PodFacts,
  QuotaFacts,
  Surroundings,
} from './remedy-facts.ts';
import { textsOf } from './text-map.ts';

/** Finds out what bears on a change of a pod's resources. Throws only when the signal aborts. */
export type ReadSurroundings = (pod: PodFacts, signal: AbortSignal) => Promise<Surroundings>;

export const surroundingsReader =
  (api: KubeApi): ReadSurroundings =>
  async (pod, signal) => {
    const ask = asker(api, signal);
    const [missingRight, canResize, limitRanges, quotas, node, autoscalers, managedBy] = await Promise.all([
      missingRightIn(ask, pod.namespace),
      known(signal, async () => canResizeBy(await ask.get(pathOf('api', 'v1')))),
      known(signal, async () => (await ask.list(inNamespace(pod, 'limitranges'))).flatMap(limitRangesOf)),
      known(signal, async () => (await ask.list(inNamespace(pod, 'resourcequotas'))).flatMap(quotaOf)),
      known(signal, () => nodeOf(ask, pod.nodeName)),
      known(signal, () => autoscalersOf(ask, pod)),
      known(signal, () => managerOf(ask, pod)),
    ]);
    return { missingRight, canResize, limitRanges, quotas, node, autoscalers, managedBy };
  };

interface Ask {
  get(path: string): Promise<unknown>;
  /** The items of a list; none where the API server does not serve that kind at all. */
  list(path: string, query?: Query): Promise<readonly unknown[]>;
  post(path: string, body: unknown): Promise<unknown>;
}

const asker = (api: KubeApi, signal: AbortSignal): Ask => {
  const get = (path: string, query: Query = {}): Promise<unknown> =>
    api.request({ method: 'GET', path, query, signal });
  return {
    get: (path) => get(path),
    list: async (path, query) => itemsOf(fieldOf(await get(path, query), 'items')),
    post: (path, body) => api.request({ method: 'POST', path, body, signal }),
  };
};

/** What was asked for, or why it is not known. */
async function known<A>(signal: AbortSignal, ask: () => Promise<A>): Promise<Known<A>> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    return { unknown: messageOf(error) };
  }
}

const inNamespace = ({ namespace }: PodFacts, plural: string): string =>
  pathOf('api', 'v1', 'namespaces', namespace, plural);

/** Every service account may ask what it may do itself (system:basic-user). */
async function missingRightIn(ask: Ask, namespace: string): Promise<string | null> {
  const resource = { namespace, verb: 'patch', group: '', resource: 'pods', subresource: 'resize' };
  const missing = `patch on pods/resize in namespace ${namespace}`;
  try {
    const answer = await ask.post(pathOf('apis', 'authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'), {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: resource },
    });
    return fieldOf(answer, 'status', 'allowed') === true ? null : missing;
  } catch (error) {
    if (error instanceof DOMException) throw error;
    return `${missing} (it could not be asked: ${messageOf(error)})`;
  }
}

const canResizeBy = (discovery: unknown): boolean =>
  itemsOf(fieldOf(discovery, 'resources')).some((resource) => fieldOf(resource, 'name') === 'pods/resize');

const amount = (raw: unknown): number | null => {
  const text = textOf(raw);
  return text === null ? null : parseQuantity(text);
};
const amountsOf = (raw: unknown): Amounts => ({
  cpu: amount(fieldOf(raw, 'cpu')),
  memory: amount(fieldOf(raw, 'memory')),
});

function limitRangesOf(raw: unknown): readonly LimitRangeFacts[] {
  const name = textOf(fieldOf(raw, 'metadata', 'name')) ?? '';
  return itemsOf(fieldOf(raw, 'spec', 'limits')).flatMap((limit): readonly LimitRangeFacts[] => {
    const type = fieldOf(limit, 'type');
    if (type !== 'Container' && type !== 'Pod') return [];
    return [
      {
        name,
        type,
        max: amountsOf(fieldOf(limit, 'max')),
        maxRatio: amountsOf(fieldOf(limit, 'maxLimitRequestRatio')),
      },
    ];
  });
}

function quotaOf(raw: unknown): readonly QuotaFacts[] {
  const left = (...names: readonly string[]): number | null => {
    const bounded = names.find((name) => fieldOf(raw, 'status', 'hard', name) !== undefined);
    if (bounded === undefined) return null;
    const hard = amount(fieldOf(raw, 'status', 'hard', bounded));
    const used = amount(fieldOf(raw, 'status', 'used', bounded));
    // A bound whose use is not known yet leaves nothing.
    return hard === null || used === null ? 0 : hard - used;
  };
  return [
    {
      name: textOf(fieldOf(raw, 'metadata', 'name')) ?? '',
      limitsLeft: { cpu: left('limits.cpu'), memory: left('limits.memory') },
      requestsLeft: {
        cpu: left('requests.cpu', 'cpu'),
        memory: left('requests.memory', 'memory'),
      },
    },
  ];
}

async function nodeOf(ask: Ask, name: string | null): Promise<NodeFacts> {
  if (name === null) throw new Error('the pod has no node');
  const [node, pods] = await Promise.all([
    ask.get(pathOf('api', 'v1', 'nodes', name)),
    ask.list(pathOf('api', 'v1', 'pods'), { fieldSelector: `spec.nodeName=${name}` }),
  ]);
  const running = pods.filter((pod) => !ENDED.has(textOf(fieldOf(pod, 'status', 'phase')) ?? ''));
  return {
    name,
    allocatable: amountsOf(fieldOf(node, 'status', 'allocatable')),
    requested: { cpu: requestedBy(running, 'cpu'), memory: requestedBy(running, 'memory') },
  };
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

/** What the scheduler counts of containers and sidecars; init containers, which end, are left out. */
const requestedBy = (pods: readonly unknown[], resource: 'cpu' | 'memory'): number =>
  pods
    .flatMap((pod) => [
      ...itemsOf(fieldOf(pod, 'spec', 'containers')),
      ...itemsOf(fieldOf(pod, 'spec', 'initContainers')).filter(
        (container) => fieldOf(container, 'restartPolicy') === 'Always',
      ),
    ])
    .reduce<number>(
      (sum, container) => sum + (amount(fieldOf(container, 'resources', 'requests', resource)) ?? 0),
      0,
    );

async function autoscalersOf(
  ask: Ask,
  { namespace, workload }: PodFacts,
): Promise<readonly AutoscalerFacts[]> {
  if (workload === null) return [];
  const [vertical, horizontal] = await Promise.all([
    served(
      ask.list(pathOf('apis', 'autoscaling.k8s.io', 'v1', 'namespaces', namespace, 'verticalpodautoscalers')),
    ),
    ask.list(pathOf('apis', 'autoscaling', 'v2', 'namespaces', namespace, 'horizontalpodautoscalers')),
  ]);
  return [
    ...vertical.filter(targets(workload, 'targetRef')).flatMap(verticalOf),
    ...horizontal.filter(targets(workload, 'scaleTargetRef')).flatMap(horizontalOf),
  ];
}

/** Nothing where the API server does not know the kind: the autoscaler is not installed. */
async function served(items: Promise<readonly unknown[]>): Promise<readonly unknown[]> {
  try {
    return await items;
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 404) return [];
    throw error;
  }
}

const targets =
  ({ kind, name }: Workload, reference: string) =>
  (autoscaler: unknown): boolean =>
    fieldOf(autoscaler, 'spec', reference, 'kind') === kind &&
    fieldOf(autoscaler, 'spec', reference, 'name') === name;

const nameOf = (raw: unknown): string => textOf(fieldOf(raw, 'metadata', 'name')) ?? '';

/** One that only recommends changes nothing. */
function verticalOf(raw: unknown): readonly AutoscalerFacts[] {
  if (fieldOf(raw, 'spec', 'updatePolicy', 'updateMode') === 'Off') return [];
  return [{ kind: 'VerticalPodAutoscaler', name: nameOf(raw), resources: ['cpu', 'memory'] }];
}

function horizontalOf(raw: unknown): readonly AutoscalerFacts[] {
  const names = itemsOf(fieldOf(raw, 'spec', 'metrics')).flatMap((metric) => [
    fieldOf(metric, 'resource', 'name'),
    fieldOf(metric, 'containerResource', 'name'),
  ]);
  const resources = (['cpu', 'memory'] as const).filter((resource) => names.includes(resource));
  return resources.length === 0 ? [] : [{ kind: 'HorizontalPodAutoscaler', name: nameOf(raw), resources }];
}

const WORKLOAD_PLURALS: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
};

async function managerOf(ask: Ask, { namespace, workload }: PodFacts): Promise<string | null> {
  const plural = workload === null ? undefined : WORKLOAD_PLURALS[workload.kind];
  if (workload === null || plural === undefined) return null;
  try {
    const raw = await ask.get(pathOf('apis', 'apps', 'v1', 'namespaces', namespace, plural, workload.name));
    return managerBy(
      textsOf(fieldOf(raw, 'metadata', 'labels')),
      textsOf(fieldOf(raw, 'metadata', 'annotations')),
    );
  } catch (error) {
    if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) return null;
    throw error;
  }
}

type Texts = Readonly<Record<string, string>>;

/**
 * By the marks that they leave: argo-cd.readthedocs.io (resource tracking), fluxcd.io (Kustomization, HelmRelease). Helm by
 * itself installs and upgrades, and keeps nothing in line in between.
 */
export function managerBy(labels: Texts, annotations: Texts): string | null {
  const named = (who: string, name: string | undefined): string | null =>
    name === undefined ? null : `${who} (${name.split(':')[0] ?? name})`;
  return (
    named(
      'Argo CD',
      annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance'],
    ) ?? named('Flux', labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'])
  );
}
