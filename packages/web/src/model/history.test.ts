import type { KernelWhisper } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { sentRemedy, whisper } from '../testing/whispers.ts';
import { createHistory, KEPT_IN_ALL, KEPT_OF_EACH, KEPT_WHISPERS, type Told } from './history.ts';

const START = Date.UTC(2026, 2, 15, 10);
const iso = (second: number): string => new Date(START + second * 1000).toISOString();

/** A state with four figures, whose windows ended then. */
const at = (second: number, spec: object = {}): KernelWhisper =>
  whisper({
    detected_at: iso(0),
    measured_at: iso(second),
    kernel_truth: { actual_cpu_cores: 0.2, limit_cores: 0.25, window_seconds: 1 },
    metrics_lie: { reported_cpu_cores: 0.1 },
    ...spec,
  });

const windowsOf = (told: Told | undefined): readonly number[] =>
  (told?.panels ?? []).flatMap(({ tracks }) => tracks).map(({ spans }) => spans.length);

const withMany = (seconds: number) => {
  const history = createHistory();
  for (let second = 0; second < seconds; second += 1) history.remember('first', at(second), at(second + 1));
  return history;
};

describe('the history of whispers', () => {
  it('has each figure once, those of before and those of now, and nothing where nothing changed', () => {
    const history = createHistory();
    history.remember('first', at(1), at(1));
    expect(history.get('first')).toBeUndefined();
    history.remember('first', at(1), at(2));
    history.remember('first', at(2), at(3, { ended_at: iso(3), container_name: 'web' }));
    const told = history.get('first');
    expect(told?.panels.map(({ title }) => title)).toEqual([
      'CPU of web',
      'Periods of web that were throttled',
    ]);
    expect(told?.panels[1]?.tracks[0]?.spans).toEqual(
      [0, 1, 2].map((from) => ({ from: START + from * 1000, to: START + (from + 1) * 1000, value: 85.5 })),
    );
    expect(windowsOf(told)).toEqual([3, 3, 3, 3]);
    expect(told?.episodes).toEqual([{ from: START, to: START + 3000 }]);
  });

  it('marks what was done once', () => {
    const remedy = sentRemedy(iso(30));
    const history = createHistory();
    const proven = { ...remedy, phase: 'Proven', decided_at: iso(50) };
    history.remember('first', whisper({}, { remedy }), whisper({}, { remedy: proven }));
    expect(history.get('first')?.marks).toEqual([
      { at: START + 30_000, text: 'CPU limit 1 → 2 sent' },
      { at: START + 50_000, text: 'Proven' },
    ]);
    // It was undone: what was decided before is known here, and no more is said of it.
    const undone = { ...proven, phase: 'TakingBack', from: remedy.to, to: remedy.from, applied_at: iso(60) };
    history.remember('first', whisper({}, { remedy: proven }), whisper({}, { remedy: undone }));
    expect(history.get('first')?.marks.map(({ text }) => text)).toEqual([
      'CPU limit 1 → 2 sent',
      'Proven',
      'CPU limit 2 → 1 sent',
    ]);
    history.remember('second', whisper(), whisper({}, { remedy: undone }));
    expect(history.get('second')?.marks[0]?.text).toBe('an earlier decision');
  });

  it('keeps the newest windows of a figure', () => {
    const told = withMany(KEPT_OF_EACH * 2).get('first');
    expect(windowsOf(told)).toEqual([KEPT_OF_EACH, KEPT_OF_EACH, KEPT_OF_EACH, KEPT_OF_EACH]);
    expect(told?.panels[0]?.tracks[0]?.spans.at(-1)?.to).toBe(START + KEPT_OF_EACH * 2000);
  });

  it('keeps what changed last, of so many whispers and so many figures', () => {
    const history = withMany(1);
    const [before, after] = [at(0), at(1)];
    for (let other = 0; other < KEPT_WHISPERS; other += 1) history.remember(`other ${other}`, before, after);
    expect([history.get('first'), history.get('other 0') === undefined]).toEqual([undefined, false]);

    // Four figures each, and one episode.
    const fits = Math.floor(KEPT_IN_ALL / (4 * KEPT_OF_EACH + 1));
    expect(fits).toBeLessThan(KEPT_WHISPERS);
    const full = createHistory();
    const states = Array.from({ length: KEPT_OF_EACH }, (_, second) => at(second));
    for (let one = 0; one < fits + 20; one += 1) {
      states.reduce((before, after) => {
        full.remember(`${one}`, before, after);
        return after;
      });
    }
    const kept = Array.from({ length: fits + 20 }, (_, one) => full.get(`${one}`)).filter(
      (told) => told !== undefined,
    );
    const size = kept.flatMap(windowsOf).reduce((sum, windows) => sum + windows, kept.length);
    expect(size).toBeLessThanOrEqual(KEPT_IN_ALL);
    expect(size).toBeGreaterThan(KEPT_IN_ALL * 0.9);
  });

  it('forgets a whisper that is no more, and has room for others then', () => {
    const history = withMany(1);
    history.forget('first');
    history.forget('never heard of');
    expect(history.get('first')).toBeUndefined();
    const [before, after] = [at(0), at(1)];
    for (let other = 0; other < KEPT_WHISPERS; other += 1) history.remember(`other ${other}`, before, after);
    expect(history.get('other 0')).toBeDefined();
  });
});
