import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { API_VERSION, decode, KernelWhisper, type MetricsSample } from 'kernel-gossip-types';
import type { PodMetrics, PodName } from '../cluster/pod-metrics.ts';
import { ObjectIndex, refOf } from '../store/object-index.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { METRICS_POLICY, metricsReader } from './metrics-reader.ts';
import { again, DONE } from './outcome.ts';

const KEY = 'shop/a';
const START = Date.parse('2026-01-01T00:00:00Z');
const { pauseMs, youngPauseMs, freshForMs } = METRICS_POLICY;

const THROTTLED = {
  pod_name: 'web-1',
  namespace: 'shop',
  container_name: 'app',
  severity: 'critical',
  detected_at: '2026-01-01T00:00:00Z',
  throttled_percent: 90,
  kernel_truth: { actual_cpu_cores: 0.98, window_seconds: 10 },
};
const AVAILABLE: PodMetrics = {
  availability: 'available',
  measuredAt: '2025-12-31T23:59:55Z',
  windowSeconds: 15.5,
  containers: new Map([
    ['app', { cpuCores: 0.35, memoryBytes: 1000 }],
    ['proxy', { cpuCores: 0.25, memoryBytes: 24 }],
  ]),
};
const UNAVAILABLE: PodMetrics = { availability: 'not_available', message: 'nobody there' };
const NO_SAMPLE: PodMetrics = { availability: 'no_sample', message: 'too young' };

const specOf = (changes: object) => {
  const result = decode(KernelWhisper, {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    metadata: { name: 'a', namespace: 'shop' },
    spec: { ...THROTTLED, ...changes },
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right.spec;
};

/** A reader on a real store in memory, with a clock and metrics of our own. */
const readerOn = async () => {
  const store = openSqliteStore('memory');
  const index = new ObjectIndex('KernelWhisper');
  const following = new AbortController();
  void index.follow(store, following.signal);
  await index.synced;
  const state: { nowMs: number; answer: PodMetrics; asked: PodName[] } = {
    nowMs: START,
    answer: AVAILABLE,
    asked: [],
  };
  const readMetrics = (pod: PodName): Promise<PodMetrics> => {
    state.asked.push(pod);
    return Promise.resolve(state.answer);
  };
  const reconcile = metricsReader({ store, index, readMetrics, now: () => state.nowMs });
  return {
    state,
    file: (changes: object = {}) =>
      store.apply('KernelWhisper', {
        metadata: { ...refOf(KEY), labels: {}, ownerReferences: [] },
        spec: specOf(changes),
      }),
    assess: (phase: 'Open' | 'Resolved') =>
      store.applyStatus('KernelWhisper', refOf(KEY), {
        manager: 'kernel-gossip-assessor',
        fields: { phase },
      }),
    lookAt: (elapsedMs: number) => {
      state.nowMs = START + elapsedMs;
      return reconcile(KEY, following.signal);
    },
    version: () => index.get(KEY)?.metadata.resourceVersion,
    metrics: (): MetricsSample | null | undefined => index.get(KEY)?.status?.metrics,
    close: async () => {
      following.abort();
      await store.close();
    },
  };
};

type Reader = Awaited<ReturnType<typeof readerOn>>;
const withReader = async (check: (reader: Reader) => Promise<void>) => {
  const reader = await readerOn();
  try {
    await check(reader);
  } finally {
    await reader.close();
  }
};

describe('the metrics reader', () => {
  it('puts beside the figures of a new whisper what the metrics say of its container', () =>
    withReader(async ({ file, lookAt, metrics, state }) => {
      await file();
      expect(await lookAt(0)).toEqual(again(freshForMs));
      expect(state.asked).toEqual([{ namespace: 'shop', name: 'web-1' }]);
      expect(metrics()).toEqual({
        availability: 'available',
        message: null,
        read_at: '2026-01-01T00:00:00.000Z',
        measured_at: '2025-12-31T23:59:55Z',
        window_seconds: 15.5,
        cpu_cores: 0.35,
        memory_bytes: 1000,
        kernel_measured_at: '2026-01-01T00:00:00Z',
        kernel_window_seconds: 10,
        kernel_cpu_cores: 0.98,
        kernel_memory_bytes: null,
      });
    }));

  it('does the same for want of memory', () =>
    withReader(async ({ file, lookAt, metrics }) => {
      await file({
        kind: 'memory_pressure',
        throttled_percent: null,
        kernel_truth: null,
        memory: { usage_percent: 95, usage_bytes: 2048, window_seconds: 5 },
      });
      await lookAt(0);
      expect(metrics()).toMatchObject({
        memory_bytes: 1000,
        kernel_memory_bytes: 2048,
        kernel_window_seconds: 5,
        kernel_cpu_cores: null,
      });
    }));

  it('adds the containers up where the pod as a whole is meant, if all were measured', () =>
    withReader(async ({ file, lookAt, metrics, state }) => {
      await file({ container_name: null });
      await lookAt(0);
      expect(metrics()).toMatchObject({ cpu_cores: 0.6, memory_bytes: 1024 });
      const containers = new Map([
        ['app', { cpuCores: null, memoryBytes: 1 }],
        ['proxy', { cpuCores: 0.25, memoryBytes: 2 }],
      ]);
      state.answer = { ...AVAILABLE, containers };
      await lookAt(freshForMs);
      expect(metrics()).toMatchObject({ cpu_cores: null, memory_bytes: 3 });
    }));

  it('reads again when the figures change, but not before a pause is over', () =>
    withReader(async ({ file, lookAt, metrics, state }) => {
      await file();
      await lookAt(0);
      await file({ kernel_truth: { actual_cpu_cores: 1.5, window_seconds: 10 } });
      expect(await lookAt(1000)).toEqual(again(pauseMs - 1000));
      expect(state.asked).toHaveLength(1);
      await lookAt(pauseMs);
      expect(state.asked).toHaveLength(2);
      // When these figures were measured does not stand on the whisper.
      expect(metrics()).toMatchObject({ kernel_cpu_cores: 1.5, kernel_measured_at: null });
    }));

  it('reads again when the last reading grows old, and not otherwise', () =>
    withReader(async ({ file, lookAt, metrics, state }) => {
      await file();
      await lookAt(0);
      expect(await lookAt(freshForMs - 1)).toEqual(again(1));
      expect(state.asked).toHaveLength(1);
      await lookAt(freshForMs);
      expect(state.asked).toHaveLength(2);
      expect(metrics()?.read_at).toBe(new Date(START + freshForMs).toISOString());
    }));

  it.each([
    ['there are no metrics', UNAVAILABLE, pauseMs],
    ['there is no sample', NO_SAMPLE, youngPauseMs],
  ])('says in words that %s, without a number, and tries again without writing', (_what, answer, pause) =>
    withReader(async ({ file, lookAt, metrics, state, version }) => {
      await file();
      state.answer = answer;
      expect(await lookAt(0)).toEqual(again(pause));
      const { availability, message, read_at, ...figures } = metrics()!;
      expect({ availability, message }).toEqual(answer);
      expect(read_at).toBe('2026-01-01T00:00:00.000Z');
      expect(new Set(Object.values(figures))).toEqual(new Set([null]));
      const written = version();
      for (let at = pause; at < freshForMs; at += pause) await lookAt(at);
      expect(state.asked).toHaveLength(freshForMs / pause);
      expect(version()).toBe(written);
      await lookAt(freshForMs);
      expect(version()).not.toBe(written);
      state.answer = AVAILABLE;
      await lookAt(freshForMs + pause);
      expect(metrics()).toMatchObject({ availability: 'available', message: null, cpu_cores: 0.35 });
    }),
  );

  it('has no sample of a container that the metrics do not name', () =>
    withReader(async ({ file, lookAt, metrics }) => {
      await file({ container_name: 'other' });
      await lookAt(0);
      expect(metrics()).toMatchObject({
        availability: 'no_sample',
        message: /no container other/,
        cpu_cores: null,
      });
    }));

  it.each([
    ['is over', { ended_at: '2026-01-01T00:00:01Z' }],
    [
      'is about the network',
      { kind: 'network_issue', network: { symptom: 'retransmits', failure_percent: 5 } },
    ],
    ['was made up', { provenance: 'synthetic' }],
    ['was played again', { provenance: 'replayed' }],
  ])('leaves a whisper alone that %s', (_what, changes) =>
    withReader(async ({ file, lookAt, state }) => {
      await file(changes);
      expect(await lookAt(0)).toEqual(DONE);
      expect(state.asked).toEqual([]);
    }),
  );

  it('leaves what it wrote on a whisper that went quiet, and begins again when it is woken', () =>
    withReader(async ({ file, assess, lookAt, metrics, state }) => {
      await file();
      await lookAt(0);
      await assess('Resolved');
      expect(await lookAt(freshForMs)).toEqual(DONE);
      expect(metrics()?.cpu_cores).toBe(0.35);
      await assess('Open');
      await lookAt(2 * freshForMs);
      expect(state.asked).toHaveLength(2);
    }));

  it('has nothing to do where there is no whisper', () =>
    withReader(async ({ lookAt }) => {
      expect(await lookAt(0)).toEqual(DONE);
    }));
});
