import { isRight } from 'fp-ts/lib/Either.js';
import { decode, PodBirthCertificate } from 'kernel-gossip-types';

const id = (digit: string): string => digit.repeat(64);
const BEGAN = Date.parse('2026-01-01T12:00:00Z');
const at = (ms: number): string => new Date(BEGAN + ms).toISOString();

const program = (role: string, name: string, syscalls: number, ms: number | null): object => ({
  role,
  name,
  runs: 1,
  total_syscalls: syscalls,
  duration_ms: ms,
});

const counted = (from: number, to: number, changes: object): object => ({
  began_at: at(from),
  entered_at: at(to),
  cgroups_created: 10,
  cgroup_writes: 28,
  mounts: 31,
  network_links: 0,
  network_routes: 0,
  iptables_rules: 0,
  ...changes,
});

const traced = (ms: number, took: number | null, entry: object): object => ({
  timestamp_ms: ms,
  duration_ms: took,
  resolution_ms: 0.001,
  clock: 'node',
  source: 'kgtrace',
  ...entry,
});
const told = (ms: number, actor: string, action: string, changes: object = {}): object => ({
  timestamp_ms: ms,
  actor,
  action,
  resolution_ms: 1000,
  clock: actor === 'kubelet' ? 'node' : 'control-plane',
  source: 'pod status',
  ...changes,
});

const forContainer = (digit: string, name: string | null): object => ({
  container_id: id(digit),
  container_name: name,
});

/** A birth with an init container, traced in the kernel and joined with Kubernetes' own times. */
export const tracedCertificate = (changes: Readonly<Record<string, unknown>> = {}): PodBirthCertificate => {
  const result = decode(PodBirthCertificate, {
    apiVersion: 'kernel.gossip.io/v1alpha1',
    kind: 'PodBirthCertificate',
    metadata: { name: 'web-1-0000000000', namespace: 'shop', generation: 1 },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      recorded_at: at(2400),
      source: { name: 'kernel-gossip-observer', node_name: 'node-1' },
      began_at: at(0),
      kernel_began_at: at(412.031),
      timeline: [
        told(0, 'apiserver', 'accept the pod', { source: 'pod metadata' }),
        told(31.204, 'scheduler', 'assign the pod to a node', { resolution_ms: 0.001, source: 'event' }),
        traced(398.441, null, { actor: 'kernel', action: "make the pod's cgroup" }),
        traced(412.031, 39.5, {
          actor: 'cni',
          action: 'run the network plugin bridge',
          ...forContainer('1', null),
        }),
        traced(455.12, 8.25, {
          actor: 'cni',
          action: 'run the network plugin portmap',
          ...forContainer('1', null),
        }),
        traced(470.5, 14.75, { actor: 'runtime', action: 'start the shim', ...forContainer('1', null) }),
        traced(492, 61, { actor: 'runtime', action: 'create the container', ...forContainer('1', null) }),
        traced(560.25, null, {
          actor: 'kernel',
          action: 'execute its first program',
          ...forContainer('1', null),
        }),
        traced(601, 58.5, {
          actor: 'runtime',
          action: 'create the container',
          ...forContainer('2', 'setup'),
        }),
        traced(672, null, {
          actor: 'kernel',
          action: 'execute its first program',
          ...forContainer('2', 'setup'),
        }),
        told(0, 'kubelet', 'report the container started', { container_name: 'setup' }),
        told(1000, 'kubelet', 'pull the image', { container_name: 'app', source: 'event', duration_ms: 811 }),
        traced(2011.75, 60.125, {
          actor: 'runtime',
          action: 'create the container',
          ...forContainer('3', 'app'),
        }),
        traced(2080.5, null, {
          actor: 'kernel',
          action: 'execute its first program',
          ...forContainer('3', 'app'),
        }),
        told(2000, 'kubelet', 'report the pod ready'),
      ],
      kernel_stats: {
        total_syscalls: 23_871,
        namespaces_created: 9,
        cgroup_writes: 84,
        iptables_rules: 3,
        total_duration_ms: 1668.469,
        namespaces: ['mnt', 'pid', 'net', 'ipc', 'uts', 'mnt', 'pid', 'mnt', 'pid'],
        cgroups_created: 30,
        mounts: 93,
        network_links: 4,
        network_routes: 2,
        lost_events: 0,
        syscall_counts: [
          { name: 'futex', count: 4120 },
          { name: 'read', count: 2977 },
          { name: 'mmap', count: 2204 },
          { name: 'openat', count: 1961 },
        ],
      },
      containers: [
        counted(412.031, 560.25, {
          container_id: id('1'),
          role: 'sandbox',
          program: '/pause',
          total_syscalls: 14_561,
          syscalls: [
            { name: 'futex', count: 2500 },
            { name: 'read', count: 1800 },
          ],
          programs: [
            program('network', 'bridge', 4412, 39.5),
            program('network', 'portmap', 338, 8.25),
            program('shim', 'containerd-shim-runc-v2', 3120, null),
            program('create', 'runc', 5131, 61),
            program('init', 'runc', 1400, 40),
            program('start', 'runc', 160, 9),
          ],
          namespaces: ['mnt', 'pid', 'net', 'ipc', 'uts'],
          network_links: 4,
          network_routes: 2,
          iptables_rules: 3,
        }),
        counted(601, 672, {
          container_id: id('2'),
          container_name: 'setup',
          role: 'init',
          program: 'sh -c ./migrate',
          total_syscalls: 4655,
          programs: [program('create', 'runc', 3200, 58.5), program('init', 'runc', 1455, 40)],
          namespaces: ['mnt', 'pid'],
        }),
        counted(2011.75, 2080.5, {
          container_id: id('3'),
          container_name: 'app',
          role: 'container',
          program: 'nginx -g daemon off;',
          total_syscalls: 4655,
          programs: [program('create', 'runc', 3200, 60.125), program('init', 'runc', 1455, 40)],
          namespaces: ['mnt', 'pid'],
        }),
        counted(9000, 9070, { container_id: id('4'), container_name: 'app', role: 'restart' }),
      ],
      ...changes,
    },
    status: {
      slowest_phase: {
        actor: 'kubelet',
        action: 'pull the image (app)',
        duration_ms: 811,
        share_percent: 49,
      },
      verdict:
        'Born in 1.67 s with 23871 system calls; slowest: pull the image (app) by kubelet, 811 ms (49%); network plugins took 47.8 ms',
      observed_generation: 1,
    },
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
