import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { pathOf, type KubeApi, type PodPort } from 'kernel-gossip-operator/kubernetes';
import { decode, isKernelGossipError, KernelGossipError } from 'kernel-gossip-types';
import { advised } from './advice.ts';
import { howToGetIt, type OperatorPlace } from './operator-place.ts';

const optional = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC, t.UndefinedC]> =>
  t.union([codec, t.null, t.undefined]);

const Reference = t.type({ kind: t.string, name: t.string, namespace: t.string });
const Endpoint = t.type({
  conditions: optional(t.type({ ready: optional(t.boolean) })),
  targetRef: optional(t.partial(Reference.props)),
});
const Slices = t.type({
  items: t.array(
    t.type({
      endpoints: optional(t.array(Endpoint)),
      ports: optional(t.array(t.type({ name: optional(t.string), port: optional(t.number) }))),
    }),
  ),
});
type Slice = t.TypeOf<typeof Slices>['items'][number];

/** The Service's port that the operator answers at. */
const PORT_NAME = 'http';

/** The pods of a slice that take requests, each with the port to speak to. */
function podsOf({ endpoints, ports }: Slice): readonly PodPort[] {
  const port = (ports?.find(({ name }) => name === PORT_NAME) ?? ports?.[0])?.port;
  if (port == null) return [];
  return (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
    // Not stated counts as ready (discovery.k8s.io/v1, EndpointConditions).
    conditions?.ready !== false && Reference.is(targetRef) && targetRef.kind === 'Pod'
      ? [{ namespace: targetRef.namespace, pod: targetRef.name, port }]
      : [],
  );
}

async function list(api: KubeApi, place: OperatorPlace): Promise<unknown> {
  try {
    return await api.request({
      method: 'GET',
      path: pathOf('apis', 'discovery.k8s.io', 'v1', 'namespaces', place.namespace, 'endpointslices'),
      query: { labelSelector: `kubernetes.io/service-name=${place.service}` },
    });
  } catch (error) {
    if (!isKernelGossipError(error, 'KG_STORE_FORBIDDEN')) throw advised(error, api.server);
    const message = `${error.message}. ${howToGetIt('list on endpointslices', place)}`;
    throw new KernelGossipError(error.code, message, { cause: error });
  }
}

/** The pods behind the operator's Service that take requests. Throws `KG_STORE_UNAVAILABLE` where there is none. */
export async function findOperatorPods(
  api: KubeApi,
  place: OperatorPlace,
): Promise<readonly [PodPort, ...PodPort[]]> {
  const slices = decode(Slices, await list(api, place));
  const [first, ...others] = isRight(slices) ? slices.right.items.flatMap(podsOf) : [];
  if (first !== undefined) return [first, ...others];
  const { namespace, service } = place;
  throw new KernelGossipError(
    'KG_STORE_UNAVAILABLE',
    `No pod is ready behind service ${service} in namespace ${namespace}; \`kubectl get pods,endpointslices -n ${namespace}\` shows what is there. Another Service is named by --operator-namespace and --operator-service.`,
  );
}
