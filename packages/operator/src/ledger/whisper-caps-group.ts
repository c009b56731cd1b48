import type { FindingKind, KernelWhisperSpec, Workload } from 'kernel-gossip-types';

/** What findings are grouped by: the pods of one workload have their trouble together. */
type Grouped = Pick<KernelWhisperSpec, 'namespace' | 'pod_name' | 'kind'> & {
  readonly workload: Workload | null;
};

/** The name of the group of (namespace, workload, kind). A pod that stands alone is its own workload. */
export const groupOf = ({ namespace, pod_name, workload, kind }: Grouped): string =>
  groupName(namespace, workload ?? { kind: 'Pod', name: pod_name }, kind);

const groupName = (namespace: string, { kind, name }: Workload, of: FindingKind): string =>
  `${namespace}/${kind}/${name}/${of}`;
