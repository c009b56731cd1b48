import { describe, expect, it } from 'vitest';
import { SamplingInstants } from './sampling-instants.ts';

const counters = (count: number) => ({ nrPeriods: count, nrThrottled: count, throttledUs: count });

interface Sampled {
  readonly atMs: number;
  readonly wallMs: number;
}

/**
 * Takes one sample as the observer does, while the counters go from one value to another. The next comes after so
 * long: two windows of one length, to two microseconds, would be taken for each other.
 */
async function sample(instants: SamplingInstants, between: () => void, pauseMs = 0): Promise<Sampled> {
  const atMs = instants.clock.monotonicMs();
  between();
  const wallMs = instants.clock.wallMs();
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  return { atMs, wallMs };
}

describe('the counters at the sampling instants', () => {
  it('bound what may be told of a window, and are exact where nothing was counted meanwhile', async () => {
    let count = 3;
    const instants = new SamplingInstants(['/group'], () => counters(count));
    const samples = [
      await sample(instants, () => undefined, 5),
      await sample(instants, () => undefined, 10),
      await sample(instants, () => (count = 10), 20),
      await sample(instants, () => (count = 12), 40),
      await sample(instants, () => undefined),
    ];
    const bounds = (from: number, to: number, isFirst = false) => {
      const seconds = (samples[to]!.atMs - samples[from]!.atMs) / 1000;
      return instants.boundsOf('/group', { endWallMs: samples[to]!.wallMs, seconds, isFirst });
    };
    expect(bounds(1, 2)).toEqual({ least: counters(0), most: counters(7) });
    expect(bounds(2, 3)).toEqual({ least: counters(0), most: counters(9) });
    expect(bounds(3, 4)).toEqual({ least: counters(0), most: counters(2) });
    expect(bounds(1, 4)).toEqual({ least: counters(9), most: counters(9) });
    expect(bounds(1, 4, true)).toEqual({ least: counters(9), most: counters(12) });
  });

  it('bound nothing where no two samples are so far apart', async () => {
    const instants = new SamplingInstants(['/group'], () => counters(1));
    await sample(instants, () => undefined);
    const { wallMs } = await sample(instants, () => undefined);
    expect(instants.boundsOf('/group', { endWallMs: wallMs, seconds: 0.5, isFirst: false })).toBeNull();
  });

  it('bound nothing where the group was not there', async () => {
    const instants = new SamplingInstants(['/group'], () => null);
    const { wallMs } = await sample(instants, () => undefined);
    const window = { endWallMs: wallMs, seconds: 0, isFirst: false };
    expect(instants.boundsOf('/group', window)).toBeNull();
    expect(instants.boundsOf('/other', window)).toBeNull();
  });
});
