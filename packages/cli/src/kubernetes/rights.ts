import { KubeError, pathOf, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { GROUP, KINDS, messageOf, VERSION } from 'kernel-gossip-types';
import type { Finding } from '../target/target.ts';
import { howToGetIt, SENDER, type OperatorPlace } from './operator-place.ts';

const VERBS = ['list', 'watch'] as const;

const truthAt = (body: unknown, ...path: readonly string[]): boolean => {
  const found = path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined,
    body,
  );
  return found === true;
};

/** What authorization is asked about, as SelfSubjectAccessReview names it. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  /** Absent: all of them. */
  readonly namespace?: string;
}

/** Whether whoever the kubeconfig names has a right. */
export async function mayDo(api: KubeApi, right: Right): Promise<boolean> {
  const body = await api.request({
    method: 'POST',
    path: pathOf('apis', 'authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'),
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: right },
    },
  });
  return truthAt(body, 'status', 'allowed');
}

async function rightsOn(api: KubeApi, plural: string, namespace: string | null): Promise<Finding> {
  const where = namespace === null ? 'in all namespaces' : `in namespace ${namespace}`;
  const question = `may list and watch ${plural}`;
  try {
    const scope = namespace === null ? {} : { namespace };
    const allowed = await Promise.all(
      VERBS.map((verb) => mayDo(api, { verb, group: GROUP, resource: plural, ...scope })),
    );
    const missing = VERBS.filter((_, index) => allowed[index] !== true);
    return {
      question,
      ok: missing.length === 0,
      answer: missing.length === 0 ? where : `not permitted ${where}: ${missing.join(', ')}`,
      advice:
        missing.length === 0
          ? null
          : `Ask for a role with verbs get, list, watch on ${plural}.${GROUP}; the view role has them once the operator's manifests are applied.`,
    };
  } catch (error) {
    return { question, ok: null, answer: messageOf(error), advice: null };
  }
}

/** The plural names of our group's resources that the server serves. */
async function servedNames(api: KubeApi): Promise<readonly (string | undefined)[]> {
  try {
    const body = await api.request({ method: 'GET', path: pathOf('apis', GROUP, VERSION) });
    const { resources } = body as { readonly resources?: readonly { readonly name?: string }[] };
    return (resources ?? []).map(({ name }) => name);
  } catch (error) {
    // The group itself is unknown while none of its kinds is installed.
    if (error instanceof KubeError && error.status === 404) return [];
    throw error;
  }
}

async function installed(api: KubeApi): Promise<Finding> {
  const question = 'CRDs installed';
  try {
    const names = await servedNames(api);
    const missing = Object.values(KINDS)
      .map(({ plural }) => plural)
      .filter((plural) => !names.includes(plural));
    return {
      question,
      ok: missing.length === 0,
      answer: missing.length === 0 ? `${GROUP}/${VERSION}` : `missing: ${missing.join(', ')}`,
      advice: missing.length === 0 ? null : 'Install them: kgossip crds | kubectl apply --server-side -f -',
    };
  } catch (error) {
    return { question, ok: null, answer: messageOf(error), advice: null };
  }
}

/** What `doctor` asks a cluster. */
export async function examineCluster(api: KubeApi, namespace: string | null): Promise<readonly Finding[]> {
  const kinds = [KINDS.KernelWhisper.plural, KINDS.PodBirthCertificate.plural];
  return [
    await installed(api),
    ...(await Promise.all(kinds.map((plural) => rightsOn(api, plural, namespace)))),
  ];
}

/** Each with the words in which a person would ask for it. */
const rightsToSend = (namespace: string): readonly (readonly [words: string, right: Right])[] => {
  const token = { group: '', resource: 'serviceaccounts', subresource: 'token', name: SENDER, namespace };
  const slices = { group: 'discovery.k8s.io', resource: 'endpointslices', namespace };
  const forward = { group: '', resource: 'pods', subresource: 'portforward', namespace };
  return [
    [`create on serviceaccounts/token of ${SENDER}`, { ...token, verb: 'create' }],
    ['list on endpointslices', { ...slices, verb: 'list' }],
    ['get on pods/portforward', { ...forward, verb: 'get' }],
    ['create on pods/portforward', { ...forward, verb: 'create' }],
  ];
};

/** Whether `send-*` may do what it does. */
export async function examineSending(api: KubeApi, place: OperatorPlace): Promise<Finding> {
  const question = 'may send observations';
  try {
    const rights = rightsToSend(place.namespace);
    const allowed = await Promise.all(rights.map(([, right]) => mayDo(api, right)));
    const missing = rights.filter((_, index) => allowed[index] !== true).map(([words]) => words);
    const ok = missing.length === 0;
    return {
      question,
      ok,
      answer: ok ? `as ${SENDER} in namespace ${place.namespace}` : `not permitted: ${missing.join(', ')}`,
      advice: ok
        ? null
        : `${howToGetIt(missing.join(', '), place)} send-* and ingest need all of it, requests and flows all but the token.`,
    };
  } catch (error) {
    return { question, ok: null, answer: messageOf(error), advice: null };
  }
}
