import type { ContainerBirth, KernelStats, SyscallCount } from 'kernel-gossip-types';
import { millisecondsBetween, momentOf } from './moment.ts';

const MOST_SYSCALLS = 64;

/** What is said of the kernel where nobody looked. */
export const NOTHING_MEASURED: Omit<KernelStats, 'lost_events'> = {
  total_syscalls: null,
  namespaces_created: null,
  cgroup_writes: null,
  iptables_rules: null,
  total_duration_ms: null,
  syscalls: null,
  syscall_counts: null,
  namespaces: null,
  cgroups_created: null,
  mounts: null,
  network_links: null,
  network_routes: null,
};

/**
 * What the kernel counted for a birth as a whole. A sum of which one part is missing is no sum: it is null, and so is
 * everything while the sandbox or a container that the pod has to have was not seen to run its program.
 */
export function kernelTotals(
  parts: readonly ContainerBirth[],
  expected: readonly string[] | null,
): Omit<KernelStats, 'lost_events'> {
  const entered = parts.flatMap(({ entered_at }) => (entered_at === null ? [] : [momentOf(entered_at)]));
  if (!isWhole(parts, expected) || entered.length < parts.length) return NOTHING_MEASURED;
  const sum = (figure: (birth: ContainerBirth) => number | null): number | null => sumOf(parts.map(figure));
  const began = Math.min(...parts.map(({ began_at }) => momentOf(began_at)));
  const namespaces = allOf(parts.map((part) => part.namespaces))?.flat() ?? null;
  return {
    total_syscalls: sum((part) => part.total_syscalls),
    namespaces_created: namespaces?.length ?? null,
    cgroup_writes: sum((part) => part.cgroup_writes),
    iptables_rules: sum((part) => part.iptables_rules),
    total_duration_ms: Math.max(0, millisecondsBetween(began, Math.max(...entered))),
    syscalls: null,
    syscall_counts: topSyscalls(parts),
    namespaces,
    cgroups_created: sum((part) => part.cgroups_created),
    mounts: sum((part) => part.mounts),
    network_links: sum((part) => part.network_links),
    network_routes: sum((part) => part.network_routes),
  };
}

/** Where Kubernetes does not say what the pod has to have, it is taken to be what was seen. */
function isWhole(parts: readonly ContainerBirth[], expected: readonly string[] | null): boolean {
  if (expected === null) return parts.length > 0;
  const names = new Set(parts.map(({ container_name }) => container_name));
  return parts.some(({ role }) => role === 'sandbox') && expected.every((name) => names.has(name));
}

/** All of them, or null where one is missing. */
const allOf = <T>(values: readonly (T | null)[]): readonly T[] | null => {
  const there = values.filter((value) => value !== null);
  return there.length === values.length ? there : null;
};

const sumOf = (values: readonly (number | null)[]): number | null =>
  allOf(values)?.reduce((sum, value) => sum + value, 0) ?? null;

/**
 * The system calls made most often, over all containers. A list that was cut does not tell how often the others were
 * made, so a call that is missing from one is left out, where its sum would be too low.
 */
function topSyscalls(births: readonly ContainerBirth[]): readonly SyscallCount[] | null {
  const lists = allOf(births.map(({ syscalls }) => syscalls));
  if (lists === null) return null;
  const names = new Set(lists.flat().map(({ name }) => name));
  const sums = [...names].flatMap((name) => {
    const count = sumOf(births.map((birth) => countOf(birth, name)));
    return count === null ? [] : [{ name, count }];
  });
  return sums.toSorted((a, b) => b.count - a.count || a.name.localeCompare(b.name)).slice(0, MOST_SYSCALLS);
}

function countOf({ syscalls, total_syscalls }: ContainerBirth, name: string): number | null {
  const listed = syscalls?.find((one) => one.name === name)?.count;
  if (listed !== undefined) return listed;
  const isWholeList = sumOf(syscalls?.map(({ count }) => count) ?? []) === total_syscalls;
  return isWholeList ? 0 : null;
}
