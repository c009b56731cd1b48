import * as t from 'io-ts';
import { pathOf, type KubeApi, type Store } from 'kernel-gossip-operator/kubernetes';
import {
  GROUP,
  isKernelGossipError,
  KernelGossipError,
  KINDS,
  REMEDY_REQUEST_ANNOTATION,
  VERSION,
  type ContainerResources,
} from 'kernel-gossip-types';
import { PATCHABLE_KINDS, type PatchableKind } from '../remedy/owner-patch.ts';
import { decodeAnswer } from '../target/decode-answer.ts';
import type { OwnerRef, RemedyAccess, TemplateResources } from '../target/remedy-access.ts';
import { advised, withAdvice } from './advice.ts';

/** Who changed a field, for `kubectl get --show-managed-fields`. */
const FIELD_MANAGER = 'kgossip';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

const PLURALS: Readonly<Record<PatchableKind, string>> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
};

const Quantities = t.union([t.undefined, t.partial({ cpu: t.string, memory: t.string })]);
const TemplateContainer = t.intersection([
  t.type({ name: t.string }),
  t.partial({ resources: t.partial({ limits: Quantities, requests: Quantities }) }),
]);
/** What is read of a Deployment, a StatefulSet or a DaemonSet. */
const WorkloadAnswer = t.type({
  kind: t.keyof(
    Object.fromEntries(PATCHABLE_KINDS.map((kind) => [kind, null])) as Record<PatchableKind, null>,
  ),
  spec: t.type({
    template: t.type({
      spec: t.intersection([
        t.type({ containers: t.array(TemplateContainer) }),
        t.partial({ initContainers: t.array(TemplateContainer) }),
      ]),
    }),
  }),
});

const resourcesOf = ({ resources = {} }: t.TypeOf<typeof TemplateContainer>): ContainerResources => ({
  cpu_limit: resources.limits?.cpu ?? null,
  cpu_request: resources.requests?.cpu ?? null,
  memory_limit: resources.limits?.memory ?? null,
  memory_request: resources.requests?.memory ?? null,
});

function templateOf(body: unknown, { kind, name }: OwnerRef): TemplateResources {
  const { spec } = decodeAnswer(WorkloadAnswer, body, `${kind} ${name}`).spec.template;
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  return new Map(all.map((container) => [container.name, resourcesOf(container)]));
}

/** A missing right, with its own name: the view role does not have it. */
async function withRight<A>(api: KubeApi, right: string, work: () => Promise<A>): Promise<A> {
  try {
    return await work();
  } catch (error) {
    if (!isKernelGossipError(error, 'KG_STORE_FORBIDDEN')) throw advised(error, api.server);
    throw new KernelGossipError(
      error.code,
      `${error.message}. This needs ${right}: ask for a role that has it.`,
      {
        cause: error,
      },
    );
  }
}

/** What a person does about remedies, at a cluster's API server. */
export function remedyAccess(api: KubeApi, store: Store): RemedyAccess {
  const whispers = KINDS.KernelWhisper.plural;
  const ownerPath = ({ kind, namespace, name }: OwnerRef): string =>
    pathOf('apis', 'apps', 'v1', 'namespaces', namespace, PLURALS[kind], name);
  const rightOn = (verb: string, { kind, namespace }: OwnerRef): string =>
    `${verb} on ${PLURALS[kind]}.apps in namespace ${namespace}`;
  return {
    whisper: (ref) => withAdvice(api.server, () => store.get('KernelWhisper', ref)),
    request: async ({ namespace, name }, request) => {
      await withRight(api, `patch on ${whispers}.${GROUP} in namespace ${namespace}`, () =>
        api.request({
          method: 'PATCH',
          path: pathOf('apis', GROUP, VERSION, 'namespaces', namespace, whispers, name),
          query: { fieldManager: FIELD_MANAGER },
          contentType: MERGE,
          body: { metadata: { annotations: { [REMEDY_REQUEST_ANNOTATION]: request } } },
        }),
      );
    },
    template: async (owner) => {
      const body = await withRight(api, rightOn('get', owner), () =>
        api.request({ method: 'GET', path: ownerPath(owner) }),
      );
      return templateOf(body, owner);
    },
    patchTemplate: async (owner, patch) => {
      const body = await withRight(api, rightOn('patch', owner), () =>
        api.request({
          method: 'PATCH',
          path: ownerPath(owner),
          query: { fieldManager: FIELD_MANAGER },
          contentType: STRATEGIC,
          body: patch,
        }),
      );
      return templateOf(body, owner);
    },
  };
}
