import { join } from 'node:path';
import type { ClusterDescription } from './cluster/cluster.ts';
import { cgroupDirectory } from './cluster/cgroup-directory.ts';
import { succeed } from './install.ts';
import type { Kubectl } from './kubectl.ts';
import { until } from './poll.ts';

interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly restartCount: number;
  readonly state?: { readonly running?: object };
}

/** What the suites read of a pod. */
export interface RunningPod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly qosClass: 'Guaranteed' | 'Burstable' | 'BestEffort';
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export const podNamed = async (kubectl: Kubectl, namespace: string, name: string): Promise<RunningPod> =>
  JSON.parse(await succeed(kubectl, ['get', 'pod', name, '-n', namespace, '-o', 'json'])) as RunningPod;

/** Resolves when all its containers run. */
export const whenRunning = (kubectl: Kubectl, namespace: string, name: string): Promise<RunningPod> =>
  until(`pod ${name} to run`, { timeoutMs: 90_000, everyMs: 500 }, async () => {
    const pod = await podNamed(kubectl, namespace, name);
    const statuses = pod.status.containerStatuses ?? [];
    const isRunning = statuses.length > 0 && statuses.every(({ state }) => state?.running !== undefined);
    return isRunning ? pod : undefined;
  });

export function containerId({ metadata, status }: RunningPod, container: string): string {
  const found = status.containerStatuses?.find(({ name }) => name === container)?.containerID;
  if (found === undefined) throw new Error(`pod ${metadata.name} has no container ${container} yet`);
  return found.replace(/^.*:\/\//, '');
}

/** Pods of the class Guaranteed have no level of their own below the kubelet's root. */
const QOS_LEVEL = { Guaranteed: '', Burstable: 'burstable', BestEffort: 'besteffort' } as const;

/** The pod's cgroup, as a path from the root of a hierarchy. */
export const podGroup = (cluster: ClusterDescription, { metadata, status }: RunningPod): string =>
  join(cluster.cgroupRoot ?? '', QOS_LEVEL[status.qosClass], `pod${metadata.uid}`);

/** The container's directory with the memory controller's files; its `cgroup.procs` too. */
export const containerDirectory = (cluster: ClusterDescription, pod: RunningPod, container: string): string =>
  cgroupDirectory('memory', join(podGroup(cluster, pod), containerId(pod, container)));
