import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, COUNTERS, type Counter, type Counters } from './counters.ts';
import { windowBetween, type NetworkReading } from './window.ts';

const counters = (given: Partial<Counters> = {}): Counters => ({
  ...collect(COUNTERS.map((name) => [name, 0])),
  ...given,
});
const device = (name: string, packets: number, drops = 0) => ({
  name,
  received: { bytes: 0, packets, errors: 0, drops },
  sent: { bytes: 0, packets: 2 * packets, errors: 0, drops },
});
const before: NetworkReading = {
  namespace: 7,
  atMs: 1000,
  counters: counters({ TcpOutSegs: 100, TcpCurrEstab: 5 }),
  interfaces: [device('eth0', 10)],
};

describe('windowBetween', () => {
  it('is what happened in between', () => {
    const after = {
      ...before,
      atMs: 11_000,
      counters: counters({ TcpOutSegs: 150, TcpRetransSegs: 3, TcpCurrEstab: 2 }),
      interfaces: [device('eth0', 40, 1)],
    };
    expect(windowBetween(before, after)).toMatchObject({
      seconds: 10,
      established: 5,
      grown: { TcpOutSegs: 50, TcpRetransSegs: 3, UdpInErrors: 0 },
      received: { packets: 30, drops: 1 },
      sent: { packets: 60, drops: 1 },
    });
  });

  it('counts what was there at both ends only, and nothing where nothing was', () => {
    const later = { ...before, atMs: 2000 };
    const two = { ...later, interfaces: [device('eth0', 11), device('net1', 1e9)] };
    expect(windowBetween(before, two)).toMatchObject({ received: { packets: 1 } });
    const anew = { ...later, interfaces: [device('eth0', 9)] };
    expect(windowBetween(before, anew)).toMatchObject({ received: null, sent: null });
    expect(windowBetween(before, { ...later, interfaces: [] })).toMatchObject({ received: null });
  });

  it('does not make up a counter that one end lacks', () => {
    const after = { ...before, atMs: 2000, counters: counters({ TcpOutSegs: 100, TcpExtListenDrops: null }) };
    expect(windowBetween(before, after)).toMatchObject({ grown: { TcpExtListenDrops: null, TcpOutSegs: 0 } });
  });

  it.each<[string, Partial<NetworkReading>]>([
    ['the namespace is another', { namespace: 8, atMs: 2000 }],
    ['the clock went back', { atMs: 900 }],
    ['the clock stood', {}],
    ['a counter was reset', { atMs: 2000, counters: counters({ TcpOutSegs: 99 }) }],
    ['a counter of 32 bits wrapped', { atMs: 2000, counters: counters({ TcpOutSegs: 3 }) }],
  ])('is nothing where %s', (_, change) => {
    expect(windowBetween(before, { ...before, ...change })).toBeNull();
  });

  it('never says anything negative', () => {
    const figure = fc.option(fc.nat(50));
    const anyCounters = fc
      .array(figure, { minLength: COUNTERS.length, maxLength: COUNTERS.length })
      .map((figures) => collect<Counter>(COUNTERS.map((name, index) => [name, figures[index] ?? null])));
    const reading = fc.record({
      namespace: fc.constantFrom(1, 2),
      atMs: fc.nat(1000),
      counters: fc.oneof(anyCounters, fc.constant(counters())),
      interfaces: fc.array(
        fc.tuple(fc.constantFrom('a', 'b'), fc.nat(9), fc.nat(9)).map((args) => device(...args)),
      ),
    });
    fc.assert(
      fc.property(reading, reading, (one, other) => {
        const window = windowBetween(one, other);
        if (window === null) return;
        const { TcpCurrEstab: _, ...grown } = window.grown;
        const { received, sent } = window;
        const traffic = [received, sent].flatMap((way) => (way === null ? [] : [way.packets, way.drops]));
        const figures = [...Object.values(grown), ...traffic];
        expect(figures.every((value) => value === null || value >= 0)).toBe(true);
        expect(window.seconds).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
    expect(windowBetween(before, { ...before, atMs: 2000 })).not.toBeNull();
  });
});
