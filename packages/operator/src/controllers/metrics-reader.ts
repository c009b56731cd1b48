import { isDeepStrictEqual } from 'node:util';
import type { KernelWhisper, MetricsSample } from 'kernel-gossip-types';
import { kernelFiguresOf } from '../assess/metrics-comparison.ts';
import type { MetricsUsage, PodMetrics, ReadPodMetrics } from '../cluster/pod-metrics.ts';
import { refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { isGoing } from './going.ts';
import { again, DONE, type Reconcile } from './outcome.ts';

export interface MetricsPolicy {
  /** How long a reading is followed by no other one of the same whisper. */
  readonly pauseMs: number;
  /** The same where the pod had no sample yet: metrics-server has one after two scrapes, 15 s each as it is installed. */
  readonly youngPauseMs: number;
  /** How long a reading stands while the kernel's figures stay the same. */
  readonly freshForMs: number;
}

export const METRICS_POLICY: MetricsPolicy = { pauseMs: 60_000, youngPauseMs: 30_000, freshForMs: 300_000 };

export interface MetricsReaderParts {
  readonly store: Store;
  readonly index: ObjectIndex<'KernelWhisper'>;
  readonly readMetrics: ReadPodMetrics;
  /** Wall-clock time, in milliseconds. */
  readonly now: () => number;
}

/**
 * Puts beside what the kernel counted, while a whisper is open, what metrics.k8s.io says of the same container: when
 * it opens, when the figures change, and when the last reading grows old.
 */
export const metricsReader = (
  { store, index, readMetrics, now }: MetricsReaderParts,
  policy: MetricsPolicy = METRICS_POLICY,
): Reconcile => {
  const readings = new ReadingTimes(index);
  return async (key, signal) => {
    const whisper = index.get(key);
    if (whisper === null || !isLookedAfter(whisper)) {
      readings.forget(key);
      return DONE;
    }
    const startMs = now();
    const dueMs = nextReading(whisper, readings.lastOf(key, whisper, startMs), policy);
    if (dueMs > startMs) return again(dueMs - startMs);
    const { namespace, pod_name: name } = whisper.spec;
    const answer = await readMetrics({ namespace, name }, signal);
    const readMs = now();
    const metrics = sampleOf(whisper, answer, new Date(readMs).toISOString());
    if (isNews(whisper.status?.metrics ?? null, metrics, policy)) {
      await store.applyStatus('KernelWhisper', refOf(key), {
        manager: 'kernel-gossip-metrics',
        fields: { metrics },
      });
    }
    readings.note(key, readMs);
    return again(pauseAfter(metrics, policy));
  };
};

/** Figures that were made up or are played again have no metrics of the same time. */
const isLookedAfter = (whisper: KernelWhisper): boolean => {
  const { kind, provenance, ended_at } = whisper.spec;
  return (
    kind !== 'network_issue' &&
    provenance === 'measured' &&
    ended_at === null &&
    whisper.status?.phase !== 'Resolved' &&
    !isGoing(whisper)
  );
};

/** When whispers were last read here. A reading that changed nothing is not on the object. */
class ReadingTimes {
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #times = new Map<string, number>();

  constructor(index: ObjectIndex<'KernelWhisper'>) {
    this.#index = index;
  }

  /** Null where it never was. What another replica wrote counts too, but not later than now: its clock is another one. */
  lastOf(key: string, { status }: KernelWhisper, nowMs: number): number | null {
    const written = status?.metrics == null ? null : Math.min(nowMs, Date.parse(status.metrics.read_at));
    const own = this.#times.get(key) ?? null;
    return written === null || own === null ? (written ?? own) : Math.max(written, own);
  }

  note(key: string, atMs: number): void {
    this.#times.set(key, atMs);
    // Whispers that went while another replica led.
    if (this.#times.size <= this.#index.size) return;
    for (const known of this.#times.keys()) if (this.#index.get(known) === null) this.#times.delete(known);
  }

  forget(key: string): void {
    this.#times.delete(key);
  }
}

function nextReading(whisper: KernelWhisper, lastMs: number | null, policy: MetricsPolicy): number {
  const metrics = whisper.status?.metrics ?? null;
  if (lastMs === null) return 0;
  if (metrics === null) return lastMs + policy.pauseMs;
  const isStale = metrics.availability === 'available' && !tellsOfTheSame(metrics, whisper);
  return lastMs + (isStale ? policy.pauseMs : pauseAfter(metrics, policy));
}

/** How long until time alone makes another reading due. */
function pauseAfter({ availability }: MetricsSample, policy: MetricsPolicy): number {
  switch (availability) {
    case 'available':
      return policy.freshForMs;
    case 'no_sample':
      return policy.youngPauseMs;
    case 'not_available':
      return policy.pauseMs;
  }
}

type KernelPart = Pick<
  MetricsSample,
  'kernel_measured_at' | 'kernel_window_seconds' | 'kernel_cpu_cores' | 'kernel_memory_bytes'
>;

const tellsOfTheSame = (metrics: MetricsSample, whisper: KernelWhisper): boolean =>
  isDeepStrictEqual({ ...metrics, ...kernelPart(whisper) }, metrics);

const kernelPart = (whisper: KernelWhisper): KernelPart => {
  const { measuredAt, windowSeconds, cpuCores, memoryBytes } = kernelFiguresOf(whisper);
  return {
    kernel_measured_at: measuredAt,
    kernel_window_seconds: windowSeconds,
    kernel_cpu_cores: cpuCores,
    kernel_memory_bytes: memoryBytes,
  };
};

const NOTHING = {
  message: null,
  measured_at: null,
  window_seconds: null,
  cpu_cores: null,
  memory_bytes: null,
  kernel_measured_at: null,
  kernel_window_seconds: null,
  kernel_cpu_cores: null,
  kernel_memory_bytes: null,
} as const;

/** What was read, with the kernel's figures of the same whisper beside it; no figure where there is nothing to set beside. */
function sampleOf(whisper: KernelWhisper, answer: PodMetrics, readAt: string): MetricsSample {
  const without = (availability: 'no_sample' | 'not_available', message: string): MetricsSample => ({
    ...NOTHING,
    availability,
    message,
    read_at: readAt,
  });
  if (answer.availability !== 'available') return without(answer.availability, answer.message);
  const { container_name: container } = whisper.spec;
  const usage = container === null ? sumOf(answer.containers) : answer.containers.get(container);
  if (usage === undefined)
    return without('no_sample', `The sample of this pod has no container ${container ?? ''}.`);
  return {
    ...NOTHING,
    availability: 'available',
    read_at: readAt,
    measured_at: answer.measuredAt,
    window_seconds: answer.windowSeconds,
    cpu_cores: usage.cpuCores,
    memory_bytes: usage.memoryBytes,
    ...kernelPart(whisper),
  };
}

/** A pod is the sum of its containers, where all of them were measured. */
const sumOf = (containers: ReadonlyMap<string, MetricsUsage>): MetricsUsage => {
  const all = [...containers.values()];
  return {
    cpuCores: total(all.map(({ cpuCores }) => cpuCores)),
    memoryBytes: total(all.map(({ memoryBytes }) => memoryBytes)),
  };
};

const total = (figures: readonly (number | null)[]): number | null =>
  figures.reduce((sum, figure) => (sum === null || figure === null ? null : sum + figure), 0);

/** Whether a reading is worth a write: that nothing changed is worth one only when the last one is old. */
function isNews(before: MetricsSample | null, after: MetricsSample, { freshForMs }: MetricsPolicy): boolean {
  if (before === null || !isDeepStrictEqual({ ...before, read_at: '' }, { ...after, read_at: '' }))
    return true;
  return Date.parse(after.read_at) - Date.parse(before.read_at) >= freshForMs;
}
