import { collect, COUNTERS, type Counter, type Counters } from './counters.ts';
import type { InterfaceCounters } from './interfaces.ts';

/** All that was read of one network namespace at one moment. */
export interface NetworkReading {
  /** Tells the namespace from others, and from a later one of the same pod. */
  readonly namespace: number;
  /** Monotonic clock, in milliseconds. */
  readonly atMs: number;
  readonly counters: Counters;
  readonly interfaces: readonly InterfaceCounters[];
}

/** Packets of one direction over all interfaces that were there at both ends of the window. */
export interface Traffic {
  readonly packets: number;
  readonly drops: number;
}

/** What happened between two readings. */
export interface NetworkWindow {
  readonly seconds: number;
  /** Connections that were established at the beginning. */
  readonly established: number | null;
  /** What each counter grew by; null where one of the readings lacks it. */
  readonly grown: Counters;
  /** Null where no interface was there at both ends. */
  readonly received: Traffic | null;
  readonly sent: Traffic | null;
}

const GAUGE: Counter = 'TcpCurrEstab';

/** A counter that fell was reset, or has wrapped (they are 32 bits wide on 32-bit kernels): what it counted is unknown. */
const isReset = (grown: Counters): boolean =>
  COUNTERS.some((name) => name !== GAUGE && (grown[name] ?? 0) < 0);

const growthOf = (before: number | null, after: number | null): number | null =>
  before === null || after === null ? null : after - before;

const growth = (before: Counters, after: Counters): Counters =>
  collect(COUNTERS.map((name) => [name, growthOf(before[name], after[name])]));

interface Pair {
  readonly before: InterfaceCounters;
  readonly after: InterfaceCounters;
}

/** An interface that was added, removed or made anew in between says nothing of the window. */
const pairsOf = (before: NetworkReading, after: NetworkReading): readonly Pair[] =>
  after.interfaces.flatMap((later) => {
    const earlier = before.interfaces.find(({ name }) => name === later.name);
    return earlier === undefined || isAnew(earlier, later) ? [] : [{ before: earlier, after: later }];
  });

const isAnew = (before: InterfaceCounters, after: InterfaceCounters): boolean =>
  (['received', 'sent'] as const).some(
    (way) => after[way].packets < before[way].packets || after[way].drops < before[way].drops,
  );

const trafficOf = (pairs: readonly Pair[], way: 'received' | 'sent'): Traffic | null =>
  pairs.length === 0
    ? null
    : {
        packets: pairs.reduce((sum, { before, after }) => sum + after[way].packets - before[way].packets, 0),
        drops: pairs.reduce((sum, { before, after }) => sum + after[way].drops - before[way].drops, 0),
      };

/** What happened between two readings; null where they are not of the same namespace, in order, without a reset. Pure. */
export function windowBetween(before: NetworkReading, after: NetworkReading): NetworkWindow | null {
  if (before.namespace !== after.namespace || after.atMs <= before.atMs) return null;
  const grown = growth(before.counters, after.counters);
  if (isReset(grown)) return null;
  const pairs = pairsOf(before, after);
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    established: before.counters[GAUGE],
    grown,
    received: trafficOf(pairs, 'received'),
    sent: trafficOf(pairs, 'sent'),
  };
}
