import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { count, text } from 'kernel-gossip-types';

/** Longer texts than the kernel has paths and arguments for (PATH_MAX, MAX_ARG_STRLEN is cut by the tracer itself). */
const word = text(65_536);
const words = t.readonlyArray(word);
/** Microseconds of CLOCK_BOOTTIME, or any other moment that a clock can tell. */
const moment = new t.Type<number, number, unknown>(
  'a number >= 0',
  (input): input is number => typeof input === 'number' && Number.isFinite(input) && input >= 0,
  (input, context) =>
    typeof input === 'number' && Number.isFinite(input) && input >= 0
      ? t.success(input)
      : t.failure(input, context),
  t.identity,
);
const countsByName = t.readonly(t.record(t.string, count));

type LineCodec<R extends t.Props, P extends t.Props> = t.ReadonlyC<
  t.IntersectionC<[t.TypeC<R>, t.PartialC<P>]>
>;
const line = <R extends t.Props, P extends t.Props>(needed: R, given: P): LineCodec<R, P> =>
  t.readonly(t.intersection([t.type(needed), t.partial(given)]));

const Hello = line(
  { t: t.literal('hello'), version: count },
  { kernel: word, births: t.boolean, samples: t.boolean, missing: words },
);
const Clock = line({ t: t.literal('clock'), boot_us: moment, wall_us: moment }, { window_ns: moment });
const group = { at: moment, path: word, id: count, hierarchy: count };
const Mkdir = line({ t: t.literal('mkdir'), ...group }, { cpu: t.boolean, slot: count });
const Rmdir = line({ t: t.literal('rmdir'), ...group }, { cpu: t.boolean, slot: count });
const Exec = line(
  { t: t.literal('exec'), at: moment, slot: count, parent: count, comm: word, argv: words },
  {
    pid: count,
    argv_cut: t.boolean,
    env: t.readonly(t.record(t.string, word)),
    daemon: t.boolean,
    counted: t.boolean,
  },
);
const Entry = line(
  { t: t.literal('entry'), at: moment, slot: count, comm: word, argv: words },
  {
    pid: count,
    vpid: count,
    cgroup: word,
    cgroup_id: count,
    ns: countsByName,
    host_ns: countsByName,
  },
);
const Counts = line(
  { t: t.literal('counts'), at: moment, slot: count, why: t.union([t.literal('end'), t.literal('entry')]) },
  {
    total: count,
    by: countsByName,
    cgroup_writes: count,
    links: count,
    routes: count,
    nft_rules: count,
    xt_replaces: count,
    exit: count,
    signal: count,
  },
);
const Stats = line(
  { t: t.literal('stats'), at: moment },
  { events: count, lost: count, slots: count, refused: count, counting: t.boolean, run_ns: count },
);
const Bye = line({ t: t.literal('bye') }, { why: word });

export type HelloLine = t.TypeOf<typeof Hello>;
export type ClockLine = t.TypeOf<typeof Clock>;
export type GroupLine = t.TypeOf<typeof Mkdir> | t.TypeOf<typeof Rmdir>;
export type ExecLine = t.TypeOf<typeof Exec>;
export type EntryLine = t.TypeOf<typeof Entry>;
export type CountsLine = t.TypeOf<typeof Counts>;
export type StatsLine = t.TypeOf<typeof Stats>;
export type ByeLine = t.TypeOf<typeof Bye>;

/** One line of the tracer's standard output (bpf/PROTOCOL.md), as far as it is understood here. */
export type TraceLine =
  HelloLine | ClockLine | GroupLine | ExecLine | EntryLine | CountsLine | StatsLine | ByeLine;

const CODECS = new Map<unknown, t.Decoder<unknown, TraceLine>>([
  ['hello', Hello],
  ['clock', Clock],
  ['mkdir', Mkdir],
  ['rmdir', Rmdir],
  ['exec', Exec],
  ['entry', Entry],
  ['counts', Counts],
  ['stats', Stats],
  ['bye', Bye],
]);

const parse = (input: string): unknown => {
  try {
    return JSON.parse(input);
  } catch {
    return undefined;
  }
};

/** Decodes a line: `unknown` is one that a newer tracer may say and that is to be passed over, `garbage` is none at all. */
export function decodeLine(input: string): TraceLine | 'unknown' | 'garbage' {
  const value = parse(input);
  if (typeof value !== 'object' || value === null || !('t' in value)) return 'garbage';
  const codec = CODECS.get(value.t);
  if (codec === undefined) return 'unknown';
  const decoded = codec.decode(value);
  return isRight(decoded) ? decoded.right : 'garbage';
}
