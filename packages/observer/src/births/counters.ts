import type { CountsLine } from './line.ts';

/** What was counted about programs. Null is not measured, and so is every sum with it. */
export interface Counters {
  readonly total: number | null;
  readonly by: Readonly<Record<string, number>> | null;
  readonly cgroupWrites: number | null;
  readonly links: number | null;
  readonly routes: number | null;
  readonly rules: number | null;
}

export const NOTHING_COUNTED: Counters = {
  total: 0,
  by: {},
  cgroupWrites: 0,
  links: 0,
  routes: 0,
  rules: 0,
};

/** `iptables-legacy` and its relatives; `restore` ones replace whole tables. */
const IPTABLES = /^(?:xtables-legacy-multi|ip6?tables(?:-legacy)?(-restore)?)$/;
const ADDS = new Set(['-A', '--append', '-I', '--insert']);

/**
 * Packet filter rules that a program added. The nftables back end says so by message; the legacy one replaces whole tables
 * (IPT_SO_SET_REPLACE), so that a rule more can only be told by its command line.
 */
function rulesOf(
  { nft_rules: nft, xt_replaces: replaces, exit }: CountsLine,
  name: string,
  argv: readonly string[],
): number | null {
  const [match, restore] = IPTABLES.exec(name) ?? [];
  if (match === undefined || (nft ?? 0) > 0 || replaces === undefined || replaces === 0) return nft ?? null;
  if (restore !== undefined || exit === undefined) return null;
  return exit === 0 && argv.some((argument) => ADDS.has(argument)) ? 1 : 0;
}

/** What a `counts` line says about a program of this name and these arguments. */
export const countersOf = (line: CountsLine, name: string, argv: readonly string[]): Counters => ({
  total: line.total ?? null,
  by: line.by ?? null,
  cgroupWrites: line.cgroup_writes ?? null,
  links: line.links ?? null,
  routes: line.routes ?? null,
  rules: rulesOf(line, name, argv),
});

type Figure = number | null;
type Combine = (a: number, b: number) => number;

const combineBy = (a: Counters['by'], b: Counters['by'], combine: Combine): Counters['by'] => {
  if (a === null || b === null) return null;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, combine(countIn(a, name), countIn(b, name))]));
};

const countIn = (by: Readonly<Record<string, number>>, name: string): number =>
  Object.hasOwn(by, name) ? (by[name] ?? 0) : 0;

function combined(a: Counters, b: Counters, combine: Combine): Counters {
  const both = (x: Figure, y: Figure): Figure => (x === null || y === null ? null : combine(x, y));
  return {
    total: both(a.total, b.total),
    by: combineBy(a.by, b.by, combine),
    cgroupWrites: both(a.cgroupWrites, b.cgroupWrites),
    links: both(a.links, b.links),
    routes: both(a.routes, b.routes),
    rules: both(a.rules, b.rules),
  };
}

export const addCounters = (a: Counters, b: Counters): Counters => combined(a, b, (x, y) => x + y);

/** What was counted since: a counter of one process only grows. */
export const countersSince = (now: Counters, before: Counters): Counters =>
  combined(now, before, (x, y) => Math.max(0, x - y));

/** Sum of figures, or null where one of them was not measured. */
export const sumOf = (figures: readonly Figure[]): Figure =>
  figures.reduce<Figure>((sum, figure) => (sum === null || figure === null ? null : sum + figure), 0);

/** Calls that attach a mount or move one: mount(2) and, for the newer calls, move_mount(2). */
export const mountsIn = (by: Counters['by']): Figure =>
  by === null ? null : countIn(by, 'mount') + countIn(by, 'move_mount');
