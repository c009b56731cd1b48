import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelTruth } from 'kernel-gossip-types';
import { cpuAdvice } from './cpu-advice.ts';
import { cpuCause } from './cpu-cause.ts';
import { specWith } from './testing.ts';

/** Throttled in half of the periods of 10 s by a quota of 200m, half of it used. */
const COUNTED = {
  nr_periods: 100,
  nr_throttled: 50,
  throttled_seconds: 2,
  limit_cores: 0.2,
  actual_cpu_cores: 0.1,
  window_seconds: 10,
};
const spec = (truth: Partial<KernelTruth> | null, fields: object = {}) =>
  specWith({ throttled_percent: 50, container_name: 'app', kernel_truth: truth, ...fields });
const cause = (truth: Partial<KernelTruth> | null, fields: object = {}) => cpuCause(spec(truth, fields));

describe('the cause of throttling', () => {
  it('is unknown where only the share is known, and says what would tell', () => {
    const found = cause(null, { throttled_percent: 85.5 });
    expect(found).toMatchObject({
      kind: 'unknown',
      evidence: ['throttled_percent: 85.5%, in a window that is not told'],
    });
    expect(found.would_tell).toMatch(
      /^limit_cores, actual_cpu_cores, runnable_threads, cpu_pressure_percent were not measured/,
    );
  });

  it('is unknown for the documented payload, which has no limit', () => {
    const found = cause({ actual_cpu_cores: 1.7, window_seconds: 60 });
    expect(found).toMatchObject({ kind: 'unknown', evidence: ['throttled_percent: 50% in 60 s'] });
    expect(found.would_tell).toMatch(/^limit_cores, runnable_threads/);
  });

  it('takes a limit of nothing for none', () => {
    const all = { ...COUNTED, limit_cores: 0, runnable_threads: 1, cpu_pressure_percent: 1 };
    expect(cause(all).would_tell).toMatch(/^limit_cores was not measured/);
  });

  it('is bursts where the mean is far below the limit', () => {
    expect(cause(COUNTED)).toEqual({
      kind: 'cpu_burst',
      evidence: [
        'actual_cpu_cores: 100m of limit_cores: 200m (50%) in 10 s',
        'nr_throttled: 50 of 100 periods in 10 s',
        'throttled_seconds: 2 s over all CPUs in 10 s, 40 ms in each throttled period',
      ],
      would_tell: null,
    });
  });

  it('is the limit where it is used up', () => {
    expect(cause({ ...COUNTED, actual_cpu_cores: 0.19 }).kind).toBe('limit_below_demand');
  });

  it.each([
    [60, 'limit_below_demand'],
    [40, 'cpu_burst'],
  ])('goes by the share of periods in between: %d %% is %s', (percent, kind) => {
    expect(cause({ ...COUNTED, actual_cpu_cores: 0.14 }, { throttled_percent: percent }).kind).toBe(kind);
  });

  it('is too many threads where they are there and the kernel saw them run side by side', () => {
    const wide = { ...COUNTED, throttled_seconds: 15, runnable_threads: 4 };
    expect(cause(wide)).toEqual({
      kind: 'more_threads_than_quota',
      evidence: [
        'runnable_threads: 4 at the end of a window of 10 s; limit_cores: 200m',
        'throttled_seconds: 15 s over all CPUs in 10 s, 300 ms in each throttled period',
        'nr_throttled: 50 of 100 periods in 10 s',
      ],
      would_tell: null,
    });
    expect(cause({ ...wide, runnable_threads: 1 }).kind).toBe('cpu_burst');
    expect(cause({ ...wide, throttled_seconds: 4 }).kind).toBe('cpu_burst');
    expect(cause({ ...wide, limit_cores: 3.5, throttled_seconds: 2 }).kind).toBe('cpu_burst');
  });

  it('counts all threads only of a runtime that is known', () => {
    const threads = { ...COUNTED, throttled_seconds: 15, threads: 30 };
    expect(cause(threads)).toMatchObject({
      kind: 'cpu_burst',
      would_tell: expect.stringMatching(/^runnable_threads was not measured/) as string,
    });
    const found = cause({ ...threads, runtime: 'jvm' });
    expect(found.kind).toBe('more_threads_than_quota');
    expect(found.evidence.slice(0, 2)).toEqual([
      'threads: 30 at the end of a window of 10 s; limit_cores: 200m',
      'runtime: jvm',
    ]);
  });

  it('is the node where tasks waited far longer than throttling accounts for', () => {
    const found = cause({ ...COUNTED, nr_throttled: 20, cpu_pressure_percent: 90, runnable_threads: 1 });
    expect(found.kind).toBe('node_contention');
    expect(found.evidence[0]).toBe(
      'cpu_pressure_percent: 90% in 10 s; throttled periods account for 20% at most',
    );
    expect(cause({ ...COUNTED, nr_throttled: 80, cpu_pressure_percent: 90 }).kind).toBe('cpu_burst');
  });

  it("is the pod's quota where its own group was counted", () => {
    const pod = { container_name: undefined, pod_uid: '0b2f0f9e-4c1e-4a52-9c52-2f0a2a7f5f10' };
    expect(cause(COUNTED, pod).kind).toBe('pod_quota');
    expect(cause(null, pod).kind).toBe('unknown');
    expect(cause(COUNTED, { container_name: undefined }).kind).toBe('cpu_burst');
    expect(cause(COUNTED, { ...pod, container_id: 'a'.repeat(64) }).kind).toBe('cpu_burst');
  });

  it('is the start where all of it lies there for certain', () => {
    const ended = (age_seconds: number | undefined, ended_at: string | undefined) =>
      cause({ ...COUNTED, ...(age_seconds === undefined ? {} : { age_seconds }) }, { ended_at }).kind;
    expect(ended(12, '2026-01-01T00:00:40Z')).toBe('startup_only');
    expect(ended(90, '2026-01-01T00:00:40Z')).toBe('cpu_burst');
    expect(ended(12, '2026-01-01T00:10:00Z')).toBe('cpu_burst');
    expect(ended(12, undefined)).toBe('cpu_burst');
    expect(ended(undefined, '2026-01-01T00:00:40Z')).toBe('cpu_burst');
    expect(ended(12, '2025-12-31T23:59:00Z')).toBe('cpu_burst');
  });

  it('says first where figures were made up or played again', () => {
    expect(cause(COUNTED, { provenance: 'synthetic' }).evidence[0]).toMatch(/^provenance: synthetic/);
    expect(cause(COUNTED, { provenance: 'replayed' }).evidence[0]).toMatch(/^provenance: replayed/);
  });

  const figure = fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: null });
  const truth = fc.record({
    nr_periods: fc.option(fc.nat(1000), { nil: null }),
    nr_throttled: fc.option(fc.nat(1000), { nil: null }),
    throttled_seconds: figure,
    limit_cores: figure,
    actual_cpu_cores: figure,
    threads: fc.option(fc.nat(100), { nil: null }),
    runnable_threads: fc.option(fc.nat(100), { nil: null }),
    cpu_pressure_percent: figure,
    window_seconds: figure,
  });

  it('names no figure that was not measured', () => {
    const fields = [
      'throttled_seconds',
      'actual_cpu_cores',
      'runnable_threads',
      'cpu_pressure_percent',
    ] as const;
    fc.assert(
      fc.property(truth, (measured) => {
        const { evidence } = cause(measured);
        expect(evidence.join()).not.toMatch(/NaN|Infinity|null|undefined/);
        for (const field of fields) {
          if (measured[field] === null) expect(evidence.join()).not.toContain(`${field}:`);
        }
      }),
    );
  });

  it('is found in the figures that are there, and then without the others', () => {
    fc.assert(
      fc.property(truth, (measured) => {
        const isKnown = cause(measured).kind !== 'unknown';
        const { limit_cores, actual_cpu_cores, cpu_pressure_percent } = measured;
        const couldTell =
          (limit_cores !== null && limit_cores >= 0.001 && actual_cpu_cores !== null) ||
          cpu_pressure_percent !== null ||
          measured.runnable_threads !== null;
        if (isKnown) expect(couldTell).toBe(true);
        if (limit_cores !== null && limit_cores >= 0.001 && actual_cpu_cores !== null)
          expect(isKnown).toBe(true);
      }),
    );
  });
});

describe('the advice on throttling', () => {
  const truth = spec({ ...COUNTED, runtime: 'go' }).kernel_truth;

  it('is the documented one where only the share is known', () => {
    expect(cpuAdvice(null, 'unknown')).toBe('Consider increase CPU limits by 50%');
  });

  it('names what to set for the runtime', () => {
    expect(cpuAdvice(truth, 'more_threads_than_quota')).toBe(
      'Let no more than 1 thread run side by side: set GOMAXPROCS=1 (go); where they are needed: Raise the CPU limit from 200m to 400m, then measure again',
    );
    expect(cpuAdvice(spec(COUNTED).kernel_truth, 'more_threads_than_quota')).toMatch(
      /-XX:ActiveProcessorCount, OMP_NUM_THREADS, UV_THREADPOOL_SIZE/,
    );
  });

  it('asks for no higher limit where the node is short of CPUs', () => {
    expect(cpuAdvice(truth, 'node_contention')).toMatch(/^Raise the CPU request/);
  });

  it.each(['pod_quota', 'startup_only', 'cpu_burst', 'limit_below_demand', 'unknown'] as const)(
    'still names the limit for %s',
    (kind) => {
      expect(cpuAdvice(truth, kind)).toContain('from 200m to 400m');
    },
  );
});
