import {
  NOT_MEASURED,
  showMilliseconds,
  showText,
  visible,
  type BirthRole,
  type ContainerBirth,
  type ContainerRole,
  type NamespaceKind,
  type SyscallCount,
} from 'kernel-gossip-types';
import { pad, widthOf, wrap } from '../terminal/width.ts';

/** Thousands set apart: `14,560`. */
export const showNumber = (value: number | null): string =>
  value === null ? NOT_MEASURED : value.toLocaleString('en-US');

const ROLES: readonly BirthRole[] = ['shim', 'create', 'init', 'start', 'network', 'other'];
const SYSCALLS_NAMED = 6;

/** The system calls made most often: `read 2,412, openat 1,203`. */
export const showSyscalls = (counts: readonly SyscallCount[], most: number): string =>
  counts
    .slice(0, most)
    .map(({ name, count }) => `${visible(name)} ${showNumber(count)}`)
    .join(', ');

/** Kinds of namespaces, those of one kind together: `net, 2 mnt, 2 pid`. */
export function showNamespaces(kinds: readonly NamespaceKind[]): string {
  if (kinds.length === 0) return 'none';
  return [...new Set(kinds)]
    .map((kind) => {
      const times = kinds.filter((one) => one === kind).length;
      return times === 1 ? kind : `${times} ${kind}`;
    })
    .join(', ');
}

/** What is said beside the name of a container, or in its place. */
const ROLE_WORDS: Readonly<Record<ContainerRole, string>> = {
  sandbox: 'sandbox',
  init: 'init container',
  sidecar: 'sidecar',
  container: 'container',
  ephemeral: 'ephemeral container',
  restart: 'restart',
};

/** Who it is: its name and what it is to its pod, as far as they are known. */
export function containerTitle({ role, container_name: name, container_id: id }: ContainerBirth): string {
  const shortId = id === null ? '' : ` ${id.slice(0, 12)}`;
  if (role === null) return name === null ? `container${shortId}` : visible(name);
  if (name === null) return ROLE_WORDS[role];
  if (role === 'restart') return `restart of ${visible(name)}`;
  return role === 'container' ? visible(name) : `${visible(name)}, ${ROLE_WORDS[role]}`;
}

function tookLabel({ began_at: began, entered_at: entered }: ContainerBirth): string {
  if (entered === null) return 'its own program was not seen';
  return `ready to run in ${showMilliseconds(Math.max(0, Date.parse(entered) - Date.parse(began)))}`;
}

/** System calls by what the programs that made them were there for. */
function byRole({ programs }: ContainerBirth): string {
  const made = ROLES.flatMap((role) => {
    const own = (programs ?? []).filter((program) => program.role === role);
    if (own.length === 0) return [];
    const known = own.flatMap(({ total_syscalls: total }) => (total === null ? [] : [total]));
    const sum = known.length < own.length ? null : known.reduce((total, value) => total + value, 0);
    return [`${role} ${showNumber(sum)}`];
  });
  return made.length === 0 ? '' : ` (${made.join(', ')})`;
}

const counted = (value: number | null, one: string, many: string): string =>
  value === null ? `${many} ${NOT_MEASURED}` : `${showNumber(value)} ${value === 1 ? one : many}`;

function networkFigures({
  network_links: links,
  network_routes: routes,
  iptables_rules: rules,
}: ContainerBirth): string {
  if (links === null && routes === null && rules === null) return NOT_MEASURED;
  return [
    counted(links, 'link', 'links'),
    counted(routes, 'route', 'routes'),
    counted(rules, 'filter rule', 'filter rules'),
  ].join(', ');
}

const figures = (birth: ContainerBirth): readonly (readonly [string, string])[] => [
  ['system calls', showNumber(birth.total_syscalls) + byRole(birth)],
  ...(birth.syscalls === null || birth.syscalls.length === 0
    ? []
    : [['most often', showSyscalls(birth.syscalls, SYSCALLS_NAMED)] as const]),
  ['namespaces', birth.namespaces === null ? NOT_MEASURED : showNamespaces(birth.namespaces)],
  [
    'cgroups',
    `${counted(birth.cgroups_created, 'made', 'made')}, ${counted(birth.cgroup_writes, 'write', 'writes')}`,
  ],
  ['mounts', showNumber(birth.mounts)],
  ['network', networkFigures(birth)],
  ...(birth.program === null ? [] : [['program', showText(birth.program)] as const]),
  ...(birth.incomplete === null ? [] : [['incomplete', visible(birth.incomplete)] as const]),
];

const NAME = 14;

/** The birth of one container: a heading, and below it, indented, what was counted. */
export function drawContainer(birth: ContainerBirth, width: number): readonly string[] {
  const title = containerTitle(birth);
  const took = tookLabel(birth);
  const gap = width - widthOf(title) - widthOf(took);
  const heading = gap >= 2 ? [title + ' '.repeat(gap) + took] : [...wrap(title, width), ...wrap(took, width)];
  // What runs again is not part of the birth, and its figures are in no total.
  const known = birth.role === 'restart' ? [] : figures(birth);
  return [
    ...heading,
    ...known.flatMap(([name, value]) => {
      const [first = '', ...rest] = wrap(value, width - NAME - 2);
      return [`  ${pad(name, NAME)}${first}`, ...rest.map((line) => ' '.repeat(NAME + 2) + line)];
    }),
  ];
}
