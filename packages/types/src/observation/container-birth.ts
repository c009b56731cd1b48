import type * as t from 'io-ts';
import {
  containerId,
  count,
  dnsLabel,
  list,
  milliseconds,
  oneOf,
  optional,
  required,
  struct,
  text,
  timestamp,
} from '../codec/index.ts';

/** Kinds of kernel namespaces, by the names of /proc/PID/ns (namespaces(7)). */
export const namespaceKind = oneOf('mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user', 'time');
export type NamespaceKind = 'mnt' | 'pid' | 'net' | 'ipc' | 'uts' | 'cgroup' | 'user' | 'time';

/** How often one system call was made. */
export const SyscallCount = struct('a count of a system call', {
  name: required(text(64), 'Name of the system call.'),
  count: required(count, 'How often it was made.'),
});
export type SyscallCount = t.TypeOf<typeof SyscallCount>;
export const SyscallCounts = list(SyscallCount, { maxItems: 64 });

/**
 * What a process of a birth was there for: the runtime's shim (or conmon), its `create`, the container's `init` until it
 * becomes the container's own program, its `start`, a network plugin, or something else.
 */
export const birthRole = oneOf('shim', 'create', 'init', 'start', 'network', 'other');
export type BirthRole = 'shim' | 'create' | 'init' | 'start' | 'network' | 'other';

/** The programs that did one part of a birth, taken together. */
export const BirthProgram = struct('a program of a birth', {
  role: required(birthRole, 'What it was there for.'),
  name: required(text(64), 'Name of the program, such as runc or bridge.'),
  runs: required(count, 'How often it was executed.'),
  total_syscalls: optional(count, 'System calls that it and its children made; absent where not measured.'),
  duration_ms: optional(milliseconds, 'From its first beginning to its last end; absent where it runs on.'),
});
export type BirthProgram = t.TypeOf<typeof BirthProgram>;

/** What a container is to its pod. A restart is a container that had run before: no part of the pod's birth. */
export const containerRole = oneOf('sandbox', 'init', 'sidecar', 'container', 'ephemeral', 'restart');
export type ContainerRole = 'sandbox' | 'init' | 'sidecar' | 'container' | 'ephemeral' | 'restart';

/** What the kernel saw of the birth of one container. */
export const ContainerBirth = struct('the birth of a container', {
  container_id: optional(
    containerId,
    'Id of the container, as its cgroup path carries it; absent where somebody named it by hand.',
  ),
  container_name: optional(dnsLabel, 'Name of the container; a sandbox has none.'),
  role: optional(containerRole, 'What it is to its pod; absent where nobody could tell.'),
  began_at: required(timestamp, 'When the first process of its birth was executed, by the node.'),
  entered_at: optional(timestamp, "When its own program was executed, by the node; absent where it wasn't."),
  program: optional(text(256), "The container's own program, as it was executed."),
  total_syscalls: optional(
    count,
    'System calls made by the processes of its birth; absent where not measured.',
  ),
  syscalls: optional(SyscallCounts, 'Those made most often.'),
  programs: optional(list(BirthProgram, { maxItems: 32 }), 'Who made them.'),
  namespaces: optional(
    list(namespaceKind, { maxItems: 8 }),
    'Kinds of kernel namespaces that were made for it: it is in them, and neither the node nor its sandbox is.',
  ),
  cgroups_created: optional(count, 'Cgroups made, in all hierarchies.'),
  cgroup_writes: optional(count, 'Writes to files of cgroups.'),
  mounts: optional(count, 'Calls that mount or move a mount.'),
  network_links: optional(count, 'Messages that make or change a network interface (RTM_NEWLINK).'),
  network_routes: optional(count, 'Messages that add a route (RTM_NEWROUTE).'),
  iptables_rules: optional(count, 'Packet filter rules added.'),
  incomplete: optional(text(256), 'Why figures of it are missing; absent where none is.'),
});
export type ContainerBirth = t.TypeOf<typeof ContainerBirth>;
/** Births of a pod's containers, oldest first. */
export const ContainerBirths = list(ContainerBirth, { maxItems: 64 });
