import { describe, expect, it } from 'vitest';
import { whisper } from '../testing/whispers.ts';
import { comparisonOf, figuresOf, headlineOf, kernelAbout, readingFigures } from './figures.ts';

const NOW = Date.parse('2026-03-15T10:31:00Z');
const texts = (one: ReturnType<typeof whisper>): Readonly<Record<string, string | null>> =>
  Object.fromEntries(figuresOf(one, NOW).map(({ name, kernel }) => [name, kernel.text]));

describe('figures', () => {
  it('tell what was not measured from what is zero', () => {
    const zero = whisper({ throttled_percent: 0, kernel_truth: { throttled_seconds: 0 } });
    expect(texts(zero)).toMatchObject({
      'Periods throttled': '0%',
      'Run time withheld': '0 s',
      'CPU used': null,
      'CPU limit': null,
    });
  });

  it('carry their source and window', () => {
    const one = whisper({
      measured_at: '2026-03-15T10:30:00Z',
      source: { name: 'observer', node_name: 'node-1' },
      kernel_truth: { window_seconds: 30 },
    });
    expect(kernelAbout(one, NOW)).toMatch(
      /^Kernel, by observer on node-1; window of 30 s that ended \d\d:30:00$/,
    );
    const unsaid = whisper();
    const about = (generation: number): string =>
      kernelAbout({ ...unsaid, metadata: { ...unsaid.metadata, generation } }, NOW);
    expect(about(1)).toMatch(/^Kernel, source not stated; window not stated that ended \d\d:30:00$/);
    // The spec has changed since it was detected: nobody says when its figures were measured.
    expect(about(2)).toBe('Kernel, source not stated; window not stated');
    for (const { kernel } of figuresOf(one, NOW)) expect(kernel.about).toContain('window of 30 s');
  });

  it('put beside the kernel what metrics say: the claim first, then what was read, or why nothing was', () => {
    const read = { read_at: '2026-03-15T10:30:50Z' };
    const sample = { ...read, availability: 'available', cpu_cores: 0.4, window_seconds: 15 };
    const said = (spec: object, metrics: object | null) =>
      comparisonOf(whisper({ ...spec }, { metrics }), NOW)?.metrics;
    expect(said({ metrics_lie: { reported_cpu_cores: 0.35, source: 'top' } }, sample)).toEqual({
      text: '0.35 cores',
      about: 'Metrics, as top claimed at the same moment',
    });
    expect(said({}, sample)?.text).toBe('0.4 cores');
    expect(said({}, { ...read, availability: 'no_sample', message: 'too young' })).toMatchObject({
      text: null,
      about: expect.stringMatching(/no sample: too young/) as unknown,
    });
    expect(said({}, null)?.text).toBeNull();
  });

  it('have one that says how bad it is', () => {
    const memory = (figures: object) =>
      headlineOf(whisper({ kind: 'memory_pressure', throttled_percent: null, memory: figures }), NOW);
    expect(headlineOf(whisper(), NOW)).toMatchObject({
      figure: { text: '85.5%' },
      unit: 'of periods throttled',
    });
    expect(memory({ usage_percent: 97, episode_oom_kills: 1 })).toMatchObject({
      figure: { text: '1' },
      unit: 'OOM kill',
    });
    expect(memory({ usage_percent: 97 })).toMatchObject({ figure: { text: '97%' } });
    expect(memory({}).figure.text).toBeNull();
  });

  it('of a reading say that there is no limit only where something was measured', () => {
    const limit = (reading: Parameters<typeof readingFigures>[0]) =>
      readingFigures(reading, 'cpu', NOW)[0]?.[1].text;
    const blank = {
      cgroup: null,
      container_id: null,
      measured_at: '2026-03-15T10:30:00Z',
      window_seconds: 10,
      limit_cores: null,
      usage_cores: null,
      nr_periods: null,
      nr_throttled: null,
      throttled_seconds: null,
      memory_limit_bytes: null,
      memory_usage_bytes: null,
      oom_kills: null,
    };
    expect(limit(blank)).toBeNull();
    expect(limit({ ...blank, usage_cores: 0 })).toBe('no limit');
  });
});
