import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whisper } from '../testing/whispers.ts';
import { episodesOf, extentOf, marksOf, panelsOf, valueAt } from './pod-tracks.ts';

const START = Date.UTC(2026, 2, 15, 10);
const iso = (second: number): string => new Date(START + second * 1000).toISOString();

const state = (second: number, percent: number, window: number | null = 10) =>
  whisper({
    measured_at: iso(second),
    throttled_percent: percent,
    kernel_truth: { actual_cpu_cores: 0.2, limit_cores: null, window_seconds: window },
  });

describe('the tracks of a pod', () => {
  it('hold each figure over the window that it covers, and nothing that was not measured', () => {
    const panels = panelsOf([state(10, 80), state(20, 90), state(20, 90)]);
    expect(panels.map(({ title, tracks }) => [title, tracks.map(({ name }) => name)])).toEqual([
      ['CPU of app', ['Kernel: used']],
      ['Periods of app that were throttled', ['Kernel: throttled']],
    ]);
    const [throttled] = panels[1]?.tracks ?? [];
    expect(throttled?.spans).toEqual([
      { from: START, to: START + 10_000, value: 80 },
      { from: START + 10_000, to: START + 20_000, value: 90 },
    ]);
  });

  it('are in the order of time, without a window twice, whatever came when', () => {
    const moments = fc.array(
      fc.record({ second: fc.nat(100), percent: fc.nat(100), window: fc.option(fc.nat(30)) }),
    );
    fc.assert(
      fc.property(moments, (all) => {
        const panels = panelsOf(all.map(({ second, percent, window }) => state(second, percent, window)));
        for (const { spans } of panels.flatMap(({ tracks }) => tracks)) {
          const windows = spans.map(({ from, to }) => `${from}/${to}`);
          expect(new Set(windows).size).toBe(windows.length);
          expect(spans.map(({ from }) => from)).toEqual(spans.map(({ from }) => from).sort((a, b) => a - b));
        }
        const extent = extentOf(panels, []);
        expect(extent === null).toBe(all.length === 0);
      }),
    );
  });

  it('say the figure at a moment only where a window covers it', () => {
    const [, throttled] = panelsOf([state(10, 80), state(40, 90)]);
    const [track] = throttled?.tracks ?? [];
    if (track === undefined) throw new Error('no track');
    const at = (second: number): number | null => valueAt(track, START + second * 1000);
    expect([at(5), at(20), at(35), at(41)]).toEqual([80, null, 90, null]);
  });

  it('mark what was done once, and when it lasted', () => {
    const remedy = {
      phase: 'Measuring',
      reason: 'x',
      message: 'x',
      mode: 'Auto',
      container_name: 'app',
      from: { cpu_limit: '1' },
      to: { cpu_limit: '2' },
      applied_at: iso(30),
    };
    const states = [
      whisper({ detected_at: iso(0) }, { remedy }),
      whisper(
        { detected_at: iso(0), ended_at: iso(60) },
        { remedy: { ...remedy, phase: 'Proven', decided_at: iso(50) } },
      ),
    ];
    expect(marksOf(states)).toEqual([
      { at: START + 30_000, text: 'CPU limit 1 → 2 sent' },
      { at: START + 50_000, text: 'Proven' },
    ]);
    expect(episodesOf(states)).toEqual([{ from: START, to: START + 60_000 }]);
  });
});
