import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sentRemedy, whisper } from '../testing/whispers.ts';
import { drawable, extentOf, marksOf, panelsOf, valueAt, withSpan, type Span } from './pod-tracks.ts';

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
    const panels = drawable(panelsOf(state(10, 80)));
    expect(panels.map(({ title, tracks }) => [title, tracks.map(({ name }) => name)])).toEqual([
      ['CPU of app', ['Kernel: used']],
      ['Periods of app that were throttled', ['Kernel: throttled']],
    ]);
    const [throttled] = panels[1]?.tracks ?? [];
    expect(throttled?.spans).toEqual([{ from: START, to: START + 10_000, value: 80 }]);
    expect(extentOf(panels, [])).toEqual({ from: START, to: START + 10_000 });
    expect(extentOf(drawable(panelsOf(whisper({ kind: 'memory_pressure', memory: {} }))), [])).toBeNull();
  });

  it('are in the order of time, without a window twice, whatever came when: what was said last stands', () => {
    const span = fc.record({ from: fc.nat(20), to: fc.nat(20), value: fc.nat(100) });
    fc.assert(
      fc.property(fc.array(span), (all) => {
        const spans = all.reduce<readonly Span[]>(withSpan, []);
        const windowOf = ({ from, to }: Span): string => `${from}/${to}`;
        expect(new Set(spans.map(windowOf))).toEqual(new Set(all.map(windowOf)));
        expect(new Set(spans.map(windowOf)).size).toBe(spans.length);
        expect(spans.map(({ from }) => from)).toEqual(spans.map(({ from }) => from).sort((a, b) => a - b));
        for (const one of spans) expect(all.findLast((said) => windowOf(said) === windowOf(one))).toBe(one);
      }),
    );
  });

  it('say the figure at a moment only where a window covers it', () => {
    const spans = [
      { from: START, to: START + 10_000, value: 80 },
      { from: START + 30_000, to: START + 40_000, value: 90 },
    ];
    const at = (second: number): number | null =>
      valueAt({ voice: 'kernel', name: 'x', spans }, START + second * 1000);
    expect([at(5), at(20), at(35), at(41)]).toEqual([80, null, 90, null]);
  });

  it('have no window of figures without a time, on an object that has changed since it was made', () => {
    const unsaid = whisper({ kernel_truth: { actual_cpu_cores: 0.2, window_seconds: 10 } });
    const spansIn = (generation: number) =>
      drawable(panelsOf({ ...unsaid, metadata: { ...unsaid.metadata, generation } })).flatMap(({ tracks }) =>
        tracks.flatMap(({ spans }) => spans.map(({ to }) => to)),
      );
    const detected = Date.parse(unsaid.spec.detected_at);
    expect([spansIn(1), spansIn(2)]).toEqual([[detected, detected], []]);
  });

  const remedy = sentRemedy(iso(30));

  it('mark what was done', () => {
    const proven = { ...remedy, phase: 'Proven', decided_at: iso(50) };
    expect(marksOf(whisper({}, { remedy }))).toEqual([{ at: START + 30_000, text: 'CPU limit 1 → 2 sent' }]);
    expect(marksOf(whisper({}, { remedy: proven }))).toEqual([
      { at: START + 30_000, text: 'CPU limit 1 → 2 sent' },
      { at: START + 50_000, text: 'Proven' },
    ]);
    expect(marksOf(whisper())).toEqual([]);
  });

  it('do not call by the phase of now what was decided before', () => {
    const undone = {
      phase: 'TakingBack',
      from: { cpu_limit: '2' },
      to: { cpu_limit: '1' },
      applied_at: iso(60),
    };
    expect(marksOf(whisper({}, { remedy: { ...remedy, ...undone, decided_at: iso(50) } }))).toEqual([
      { at: START + 50_000, text: 'an earlier decision' },
      { at: START + 60_000, text: 'CPU limit 2 → 1 sent' },
    ]);
  });

  it('mark nothing as sent where the old limits were there already', () => {
    expect(marksOf(whisper({}, { remedy: { ...remedy, to: remedy.from } }))).toEqual([]);
    expect(marksOf(whisper({}, { remedy: { ...remedy, to: null } }))).toEqual([
      { at: START + 30_000, text: 'change sent' },
    ]);
  });
});
