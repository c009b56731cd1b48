import { GROUP, KINDS, messageOf } from 'kernel-gossip-types';
import type { Finding } from '../target/target.ts';
import type { KubeHttp } from './kube-http.ts';

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
  http: KubeHttp,
  verb: string,
  resource: string,
  namespace: string | null,
): Promise<boolean> {
  const body = await http.json({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
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

async function rightsOn(http: KubeHttp, plural: string, namespace: string | null): Promise<Finding> {
  const where = namespace === null ? 'in all namespaces' : `in namespace ${namespace}`;
  const question = `may list and watch ${plural}`;
  try {
    const allowed = await Promise.all(VERBS.map((verb) => mayDo(http, verb, plural, namespace)));
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

async function installed(http: KubeHttp): Promise<Finding> {
  const question = 'CRDs installed';
  try {
    const response = await http.request({ path: `/apis/${GROUP}/v1alpha1` });
    const body = (await response.json()) as { readonly resources?: readonly { readonly name?: string }[] };
    const names = response.ok ? (body.resources ?? []).map(({ name }) => name) : [];
    const missing = Object.values(KINDS)
      .map(({ plural }) => plural)
      .filter((plural) => !names.includes(plural));
    return {
      question,
      ok: missing.length === 0,
      answer: missing.length === 0 ? `${GROUP}/v1alpha1` : `missing: ${missing.join(', ')}`,
      advice: missing.length === 0 ? null : 'Install them: kgossip crds | kubectl apply -f -',
    };
  } catch (error) {
    return { question, ok: null, answer: messageOf(error), advice: null };
  }
}

/** What `doctor` asks a cluster. */
export async function examineCluster(http: KubeHttp, namespace: string | null): Promise<readonly Finding[]> {
  const kinds = [KINDS.KernelWhisper.plural, KINDS.PodBirthCertificate.plural];
  return [
    await installed(http),
    ...(await Promise.all(kinds.map((plural) => rightsOn(http, plural, namespace)))),
  ];
}
