import type { RequestWindow, TrafficLatency, TrafficSpan, TrafficSummary } from 'kernel-gossip-types';

/** While it was throttled, by the source's clock. */
export interface Episode {
  readonly detectedAt: string;
  /** Null while it lasts. */
  readonly endedAt: string | null;
}

const fromMs = ({ from }: RequestWindow): number => Date.parse(from);
const toMs = ({ to }: RequestWindow): number => Date.parse(to);

/** Whether a window and an episode have some time in common. */
export const isDuring = (
  { from, to }: Pick<RequestWindow, 'from' | 'to'>,
  { detectedAt, endedAt }: Episode,
): boolean =>
  Date.parse(to) > Date.parse(detectedAt) && (endedAt === null || Date.parse(from) < Date.parse(endedAt));

/**
 * What a pod answered during an episode and before it. `known` is what was said of the same episode earlier: windows from
 * before it are forgotten sooner than it ends. Null where nobody told of answers during it.
 *
 * Two sources may tell of the same requests, so that of one of them is said: of the one that saw most. Where windows found no
 * room, failures were kept before the rest (`isWhole` is false): then their share is not told.
 */
export function summariseTraffic(
  windows: readonly RequestWindow[],
  episode: Episode,
  known: TrafficSummary | null,
  isWhole = true,
): TrafficSummary | null {
  const answered = windows.filter(({ role }) => role === 'server');
  const during = tellerOfMost(answered.filter((window) => isDuring(window, episode)));
  const [first] = during;
  if (first === undefined) return null;
  const { source, provenance } = first;
  const before = answered.filter(
    (window) => teller(window) === teller(first) && toMs(window) <= Date.parse(episode.detectedAt),
  );
  const isSame = known?.episode === episode.detectedAt && teller(known) === teller(first);
  const earlier = isSame ? known : null;
  return {
    episode: episode.detectedAt,
    source,
    provenance,
    during: spanOf(during, isWhole),
    before: moreOf(before.length === 0 ? null : spanOf(before, isWhole), earlier?.before ?? null),
    latencies: latenciesOf(during, before, earlier?.latencies ?? []),
  };
}

const teller = ({ source, provenance }: Pick<RequestWindow, 'source' | 'provenance'>): string =>
  `${provenance} ${source}`;

const requestsOf = (windows: readonly RequestWindow[]): number =>
  windows.reduce((sum, { requests }) => sum + requests, 0);

function groupBy(
  windows: readonly RequestWindow[],
  key: (window: RequestWindow) => string,
): readonly (readonly RequestWindow[])[] {
  const groups = new Map<string, RequestWindow[]>();
  for (const window of windows) {
    const group = groups.get(key(window));
    if (group === undefined) groups.set(key(window), [window]);
    else group.push(window);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Groups with the most requests first. */
const byRequests = (a: readonly RequestWindow[], b: readonly RequestWindow[]): number =>
  requestsOf(b) - requestsOf(a);

const tellerOfMost = (windows: readonly RequestWindow[]): readonly RequestWindow[] =>
  [...groupBy(windows, teller)].sort(byRequests)[0] ?? [];

function spanOf(windows: readonly RequestWindow[], isWhole: boolean): TrafficSpan {
  const withStatus = windows.filter(({ status }) => status !== null);
  const seen = requestsOf(withStatus);
  const failed = requestsOf(withStatus.filter(({ status }) => (status ?? 0) >= 500));
  return {
    from: new Date(Math.min(...windows.map(fromMs))).toISOString(),
    to: new Date(Math.max(...windows.map(toMs))).toISOString(),
    requests: requestsOf(windows),
    server_errors: withStatus.length === 0 ? null : failed,
    server_error_percent: seen === 0 || !isWhole ? null : (failed / seen) * 100,
  };
}

const moreOf = (now: TrafficSpan | null, earlier: TrafficSpan | null): TrafficSpan | null =>
  now === null || (earlier !== null && earlier.requests > now.requests) ? earlier : now;

/** A 99th percentile and the end of its window. */
interface Worst {
  readonly p99: number;
  readonly at: string;
}

/** Of equal ones the later. */
function worse(one: Worst | null, other: Worst | null): Worst | null {
  if (one === null || other === null) return one ?? other;
  return other.p99 > one.p99 || (other.p99 === one.p99 && other.at > one.at) ? other : one;
}

const worstOf = (windows: readonly RequestWindow[]): Worst | null =>
  windows.reduce<Worst | null>(
    (worst, { p99_ms: p99, to }) => worse(worst, p99 === null ? null : { p99, at: to }),
    null,
  );

/** How many kinds of request are told of, besides the slowest one. */
const MOST_KINDS = 3;

const kindOf = ({ method, path }: Pick<RequestWindow, 'method' | 'path'>): string => `${method} ${path}`;

/** Of the requests that were answered most, and of the slowest. */
function latenciesOf(
  during: readonly RequestWindow[],
  before: readonly RequestWindow[],
  earlier: readonly TrafficLatency[],
): readonly TrafficLatency[] {
  const kinds = groupBy(during, kindOf).flatMap(([first, ...more]) =>
    first === undefined ? [] : [latencyOf([first, ...more], before, earlier)],
  );
  const busiest = [...kinds].sort((a, b) => b.requests - a.requests).slice(0, MOST_KINDS);
  const slowestFirst = [...kinds].sort((a, b) => (b.p99_ms ?? -1) - (a.p99_ms ?? -1));
  return slowestFirst.filter((kind, index) => index === 0 || busiest.includes(kind));
}

function latencyOf(
  windows: readonly [RequestWindow, ...RequestWindow[]],
  before: readonly RequestWindow[],
  earlier: readonly TrafficLatency[],
): TrafficLatency {
  const [{ method, path }] = windows;
  const isSame = (other: Pick<RequestWindow, 'method' | 'path'>): boolean =>
    kindOf(other) === kindOf({ method, path });
  const worst = worstOf(windows);
  const worstBefore = worse(worstOf(before.filter(isSame)), worstKnown(earlier.find(isSame)));
  return {
    method,
    path,
    requests: requestsOf(windows),
    p99_ms: worst?.p99 ?? null,
    p99_at: worst?.at ?? null,
    before_p99_ms: worstBefore?.p99 ?? null,
    before_p99_at: worstBefore?.at ?? null,
  };
}

const worstKnown = (latency: TrafficLatency | undefined): Worst | null =>
  latency === undefined || latency.before_p99_ms === null || latency.before_p99_at === null
    ? null
    : { p99: latency.before_p99_ms, at: latency.before_p99_at };
