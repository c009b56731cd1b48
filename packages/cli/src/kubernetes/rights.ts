import { KubeError, pathOf, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { GROUP, KINDS, messageOf, VERSION } from 'kernel-gossip-types';
import type { Finding } from '../target/target.ts';

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

async function mayDo(
  api: KubeApi,
  verb: string,
  resource: string,
  namespace: string | null,
): Promise<boolean> {
  const body = await api.request({
    method: 'POST',
    path: pathOf('apis', 'authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'),
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: { group: GROUP, resource, verb, ...(namespace === null ? {} : { namespace }) },
      },
    },
  });
  return truthAt(body, 'status', 'allowed');
}

async function rightsOn(api: KubeApi, plural: string, namespace: string | null): Promise<Finding> {
  const where = namespace === null ? 'in all namespaces' : `in namespace ${namespace}`;
  const question = `may list and watch ${plural}`;
  try {
    const allowed = await Promise.all(VERBS.map((verb) => mayDo(api, verb, plural, namespace)));
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
