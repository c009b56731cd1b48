import {
  containerId,
  type BirthProgram,
  type ContainerBirth,
  type NamespaceKind,
  type SyscallCount,
} from 'kernel-gossip-types';
import { subjectOf } from '../identify/subject.ts';
import type { Birth, Entry, Namespaces } from './birth.ts';
import { mountsIn } from './counters.ts';
import type { PodBirths } from './pod-births.ts';
import type { ProgramTally } from './program-tally.ts';
import { wallTime } from './wall-clock.ts';

/** What is told of the birth of one container: fields that nobody measured are null or left out. */
export type ContainerBirthMessage = Partial<ContainerBirth> & Pick<ContainerBirth, 'began_at'>;

const MOST_SYSCALLS = 64;
const LONGEST_PROGRAM = 256;
const LONGEST_NAME = 64;
const LONGEST_REASON = 256;

const KINDS: readonly NamespaceKind[] = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'user', 'time'];

/** To the microsecond, which is what the tracer's times are told to. */
export const milliseconds = (us: number): number => Math.floor(us) / 1000;

/** Several reasons in one text of bounded length; null where there is none. */
export function reasonText(reasons: Iterable<string>): string | null {
  const text = [...new Set(reasons)].join('; ');
  if (text === '') return null;
  return text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON - 1)}…`;
}

function topSyscalls(by: Readonly<Record<string, number>>): readonly SyscallCount[] {
  return Object.entries(by)
    .map(([name, count]) => ({ name: name.slice(0, LONGEST_NAME), count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_SYSCALLS);
}

const programMessage = (
  { role, name, runs, running, beganAtUs, endedAtUs, total }: ProgramTally,
  isSpoilt: boolean,
): BirthProgram => ({
  role,
  name: name.slice(0, LONGEST_NAME),
  runs,
  total_syscalls: isSpoilt ? null : total,
  duration_ms: running > 0 ? null : milliseconds(endedAtUs - beganAtUs),
});

/** Kinds in which this one is and none of the others; null where one of them is not known well enough to tell. */
function kindsMade(
  own: Namespaces | null,
  ...others: readonly (Namespaces | null)[]
): readonly NamespaceKind[] | null {
  if (own === null) return null;
  const kinds = KINDS.filter((kind) => own[kind] !== undefined);
  const isKnown =
    kinds.length > 0 && others.every((other) => kinds.every((kind) => other?.[kind] !== undefined));
  return isKnown ? kinds.filter((kind) => others.every((other) => other?.[kind] !== own[kind])) : null;
}

/** The birth of a pod's sandbox: the one whose namespaces the pod's other containers share. */
export const sandboxOf = ({ births }: PodBirths): Birth | null =>
  [...births.values()].find(({ isSandbox, entry }) => isSandbox && entry !== null) ?? null;

function namespacesMade(birth: Birth, entry: Entry, sandbox: Birth | null): readonly NamespaceKind[] | null {
  const { namespaces, hostNamespaces } = entry;
  return birth.isSandbox || !birth.isOfPod
    ? kindsMade(namespaces, hostNamespaces)
    : kindsMade(namespaces, hostNamespaces, sandbox?.entry?.namespaces ?? null);
}

type Figures = Pick<
  ContainerBirth,
  | 'total_syscalls'
  | 'syscalls'
  | 'cgroups_created'
  | 'cgroup_writes'
  | 'mounts'
  | 'network_links'
  | 'network_routes'
  | 'iptables_rules'
>;

function figuresOf({ isSpoilt, counters, cgroups }: Birth): Figures {
  const figure = <A>(value: A | null): A | null => (isSpoilt ? null : value);
  return {
    total_syscalls: figure(counters.total),
    syscalls: figure(counters.by === null ? null : topSyscalls(counters.by)),
    cgroups_created: figure(cgroups),
    cgroup_writes: figure(counters.cgroupWrites),
    mounts: figure(mountsIn(counters.by)),
    network_links: figure(counters.links),
    network_routes: figure(counters.routes),
    iptables_rules: figure(counters.rules),
  };
}

/** Whose it is, in the words of the wire. A sandbox has no name. */
function whose(
  { id, owner, isSandbox }: Birth,
  localNames: boolean,
): Pick<ContainerBirthMessage, 'container_id' | 'container_name' | 'role'> {
  const name = owner === null ? undefined : subjectOf(owner.identity, owner.path, localNames).container_name;
  return {
    ...(containerId.is(id) ? { container_id: id } : {}),
    ...(isSandbox ? { role: 'sandbox' } : name === undefined ? {} : { container_name: name }),
  };
}

/** Puts the birth of one container into the words of the wire. */
export function toContainerBirth(birth: Birth, pod: PodBirths, localNames: boolean): ContainerBirthMessage {
  const { entry, offset, reasons } = birth;
  const namespaces = entry === null ? null : namespacesMade(birth, entry, sandboxOf(pod));
  const isUntold = entry !== null && namespaces === null;
  return {
    ...whose(birth, localNames),
    began_at: wallTime(birth.beganAtUs, offset),
    entered_at: entry === null ? null : wallTime(entry.atUs, offset),
    program: entry === null ? null : entry.program.slice(0, LONGEST_PROGRAM),
    ...figuresOf(birth),
    programs: [...birth.tallies.values()].map((tally) => programMessage(tally, birth.isSpoilt)),
    namespaces,
    incomplete: reasonText([
      ...reasons,
      ...(isUntold ? ['what it shares namespaces with was not seen'] : []),
    ]),
  };
}
