import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificate } from '../testing/whispers.ts';
import { birthDrawing, ticksOf } from './birth-lanes.ts';

const entries = fc.array(
  fc.record({
    timestamp_ms: fc.nat(10_000),
    actor: fc.constantFrom('scheduler', 'kubelet', 'runtime', 'kernel'),
    action: fc.constantFrom('pull', 'create'),
    duration_ms: fc.option(fc.nat(5000)),
    resolution_ms: fc.option(fc.constantFrom(0.001, 1, 1000)),
  }),
  { maxLength: 20 },
);

describe('a birth to scale', () => {
  it('has every entry once, in the lane of its actor, on the axis', () => {
    fc.assert(
      fc.property(entries, fc.option(fc.nat(20_000)), (timeline, total) => {
        const { endMs, lanes } = birthDrawing(
          certificate({ timeline, kernel_stats: { total_duration_ms: total } }),
        );
        const bars = lanes.flatMap((lane) => lane.bars);
        expect(bars).toHaveLength(timeline.length);
        for (const lane of lanes)
          expect(new Set(lane.bars.map(({ entry }) => entry.actor))).toEqual(new Set([lane.actor]));
        expect(endMs).toBeGreaterThanOrEqual(total ?? 0);
        for (const part of bars.flatMap(({ certain, uncertain }) =>
          [certain, uncertain].filter((one) => one !== null),
        )) {
          expect(part.from).toBeGreaterThanOrEqual(0);
          expect(part.to).toBeGreaterThanOrEqual(part.from);
          expect(part.to).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('is certain only where a thing was going on whenever it began', () => {
    const timeline = [
      { timestamp_ms: 0, actor: 'kubelet', action: 'a', duration_ms: 4000, resolution_ms: 1000 },
      { timestamp_ms: 0, actor: 'kubelet', action: 'b', duration_ms: 500, resolution_ms: 1000 },
      { timestamp_ms: 2500, actor: 'kubelet', action: 'c' },
    ];
    const { endMs, lanes } = birthDrawing(certificate({ timeline }));
    expect(endMs).toBe(5000);
    expect(lanes[0]?.bars.map(({ certain, uncertain, at }) => ({ certain, uncertain, at }))).toEqual([
      { certain: { from: 0.2, to: 0.8 }, uncertain: { from: 0, to: 1 }, at: 0 },
      { certain: null, uncertain: { from: 0, to: 0.3 }, at: 0 },
      { certain: null, uncertain: null, at: 0.5 },
    ]);
  });

  it('names the slowest, as the assessment does', () => {
    const timeline = [
      { timestamp_ms: 0, actor: 'kubelet', action: 'pull', duration_ms: 1800 },
      { timestamp_ms: 1800, actor: 'runtime', action: 'create', duration_ms: 90 },
    ];
    const slowest_phase = { actor: 'kubelet', action: 'pull', duration_ms: 1800 };
    const { lanes } = birthDrawing(certificate({ timeline }, { slowest_phase }));
    expect(lanes.map(({ actor, bars }) => [actor, bars.map(({ isSlowest }) => isSlowest)])).toEqual([
      ['kubelet', [true]],
      ['runtime', [false]],
    ]);
  });

  it('names the slowest where that was for one container', () => {
    const pull = { actor: 'kubelet', action: 'pull the image', duration_ms: 1800 };
    const timeline = ['setup', 'app'].map((container_name, index) => ({
      ...pull,
      timestamp_ms: index * 1800,
      container_name,
    }));
    const slowest_phase = { ...pull, action: 'pull the image (app)' };
    const { lanes } = birthDrawing(certificate({ timeline }, { slowest_phase }));
    expect(lanes[0]?.bars.map(({ isSlowest }) => isSlowest)).toEqual([false, true]);
  });

  it('has at most seven ticks, at round moments from 0 to the end', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (endMs) => {
        const ticks = ticksOf(endMs);
        expect(ticks[0]).toBe(0);
        expect(ticks.length).toBeLessThanOrEqual(7);
        expect(ticks.at(-1)).toBeLessThanOrEqual(endMs * (1 + 1e-9));
      }),
    );
    expect(ticksOf(2350)).toEqual([0, 500, 1000, 1500, 2000]);
  });
});
