import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { API_VERSION, decode, KernelWhisper, MetricsComparison } from 'kernel-gossip-types';
import { kernelFiguresOf, metricsComparison } from './metrics-comparison.ts';

const DETECTED = '2026-01-01T00:00:00Z';
const at = (seconds: number): string => new Date(Date.parse(DETECTED) + seconds * 1000).toISOString();

const SAMPLE = {
  availability: 'available',
  read_at: at(10),
  measured_at: at(5),
  window_seconds: 15,
  cpu_cores: 0.35,
  kernel_measured_at: at(0),
  kernel_window_seconds: 10,
  kernel_cpu_cores: 0.7,
};

interface Parts {
  readonly spec?: object;
  readonly metrics?: object | null;
  readonly generation?: number;
}

const whisper = ({ spec = {}, metrics = null, generation = 1 }: Parts = {}): KernelWhisper => {
  const result = decode(KernelWhisper, {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    metadata: { name: 'a', namespace: 'shop', generation },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      severity: 'critical',
      detected_at: DETECTED,
      throttled_percent: 90,
      kernel_truth: { actual_cpu_cores: 0.98, window_seconds: 10 },
      ...spec,
    },
    status: { metrics },
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

const withSample = (changes: object, spec: object = {}) =>
  metricsComparison(whisper({ spec, metrics: { ...SAMPLE, ...changes } }));

const KERNEL_ALONE = { kernel_cpu_usage: 0.98, metrics_cpu_usage: null, discrepancy_percent: null };

describe('kernel and metrics side by side', () => {
  it('are the sender’s own, where it brought a claim', () => {
    expect(withSample({}, { metrics_lie: { reported_cpu_cores: 0.49 } })).toEqual({
      kernel_cpu_usage: 0.98,
      metrics_cpu_usage: 0.49,
      discrepancy_percent: 50,
    });
  });

  it('are what was read together, where it brought none', () => {
    const pair = { kernel_cpu_usage: 0.7, metrics_cpu_usage: 0.35, discrepancy_percent: 50 };
    expect(withSample({})).toEqual(pair);
    expect(withSample({}, { metrics_lie: { reported_memory_bytes: 5 } })).toEqual(pair);
  });

  it.each([
    ['there are no metrics', { availability: 'not_available', cpu_cores: null }],
    ['the pod has no sample', { availability: 'no_sample', cpu_cores: null }],
    ['nobody knows when the kernel counted', { kernel_measured_at: null }],
    ['the metrics do not say of when they are', { measured_at: null }],
    ['the metrics are of long before', { measured_at: at(-61) }],
    ['the metrics are of long after', { measured_at: at(90) }],
    ['the windows are not known to overlap', { measured_at: at(90), window_seconds: null }],
    ['both are of an earlier episode', { measured_at: at(-100), kernel_measured_at: at(-100) }],
  ])('are the kernel’s figure alone where %s', (_why, changes) => {
    expect(withSample(changes)).toEqual(KERNEL_ALONE);
  });

  it('may end up to a minute apart, or further where the windows overlap', () => {
    for (const changes of [
      { measured_at: at(60) },
      { measured_at: at(-60) },
      { measured_at: at(90), window_seconds: 90 },
      { measured_at: at(-90), kernel_window_seconds: 90 },
    ])
      expect(withSample(changes)).toMatchObject({ kernel_cpu_usage: 0.7, metrics_cpu_usage: 0.35 });
  });

  it('are told of CPU only', () => {
    const memory = { kind: 'memory_pressure', memory: { usage_bytes: 5 } };
    expect(withSample({}, memory)).toBeNull();
  });

  it('are nothing where neither said anything', () => {
    expect(metricsComparison(whisper({ spec: { kernel_truth: null } }))).toBeNull();
  });

  it('are told as something that can be stored, whatever the figures', () => {
    const figure = fc.option(fc.double({ min: 0, max: 1_000_000, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(figure, figure, (kernel, claim) => {
        const spec = {
          kernel_truth: { actual_cpu_cores: kernel },
          metrics_lie: { reported_cpu_cores: claim },
        };
        const result = metricsComparison(whisper({ spec }));
        expect(result === null).toBe(kernel === null && claim === null);
        expect(result === null || isRight(decode(MetricsComparison, result))).toBe(true);
      }),
    );
  });
});

describe('the figures that metrics are held against', () => {
  it('are of the moment of detection, as long as the whisper did not change', () => {
    expect(kernelFiguresOf(whisper())).toEqual({
      measuredAt: DETECTED,
      windowSeconds: 10,
      cpuCores: 0.98,
      memoryBytes: null,
    });
    expect(kernelFiguresOf(whisper({ generation: 2 })).measuredAt).toBeNull();
  });

  it('are the memory in use where memory is short', () => {
    const spec = {
      kind: 'memory_pressure',
      throttled_percent: null,
      kernel_truth: null,
      memory: { usage_bytes: 4096, window_seconds: 5 },
    };
    expect(kernelFiguresOf(whisper({ spec }))).toMatchObject({
      windowSeconds: 5,
      cpuCores: null,
      memoryBytes: 4096,
    });
  });
});
