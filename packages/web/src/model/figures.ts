import {
  ownWindowOf,
  showBytes,
  showCores,
  showMilliseconds,
  showPercent,
  showSeconds,
  showWithheld,
  withheldRate,
  type KernelReading,
  type KernelTruth,
  type KernelWhisper,
  type MemoryTruth,
  type MetricsSample,
  type NetworkTruth,
} from 'kernel-gossip-types';
import { clockText } from './moments.ts';

/** A number as it is shown, and where it comes from: no number stands without its source and window. */
export interface Figure {
  /** Null where it was not measured. */
  readonly text: string | null;
  readonly about: string;
}

/** One line of a comparison. `metrics` is null where metrics have no such figure. */
export interface FigureRow {
  readonly name: string;
  readonly kernel: Figure;
  readonly metrics: Figure | null;
}

const shown = <A>(value: A | null | undefined, show: (value: A) => string, about: string): Figure => ({
  text: value == null ? null : show(value),
  about,
});

const windowText = (seconds: number | null, end: string | null, now: number): string => {
  const length = seconds === null ? 'window not stated' : `window of ${showSeconds(seconds)}`;
  return end === null ? length : `${length} that ended ${clockText(Date.parse(end), now)}`;
};

/** Where a whisper's own figures come from. */
export function kernelAbout(whisper: KernelWhisper, now: number): string {
  const { source } = whisper.spec;
  const { seconds, end } = ownWindowOf(whisper);
  const who = source === null ? 'source not stated' : `by ${source.name}`;
  const where = source?.node_name == null ? '' : ` on ${source.node_name}`;
  const cgroup = source?.cgroup == null ? '' : `; cgroup ${source.cgroup}`;
  return `Kernel, ${who}${where}; ${windowText(seconds, end, now)}${cgroup}`;
}

type MetricsField = 'cpu' | 'memory';

function sampleFigure(sample: MetricsSample, field: MetricsField, now: number): Figure {
  const asked = `asked ${clockText(Date.parse(sample.read_at), now)}`;
  if (sample.availability !== 'available') {
    const why = sample.message === null ? '' : `: ${sample.message}`;
    const what = sample.availability === 'no_sample' ? 'no sample' : 'not available';
    return { text: null, about: `metrics.k8s.io, ${what}${why} (${asked})` };
  }
  const about = `metrics.k8s.io; ${windowText(sample.window_seconds, sample.measured_at, now)}`;
  return field === 'cpu'
    ? shown(sample.cpu_cores, showCores, about)
    : shown(sample.memory_bytes, showBytes, about);
}

/** What metrics say of a figure. What the sender claimed goes before what was read, as it does in the verdict. */
function metricsFigure(whisper: KernelWhisper, field: MetricsField, now: number): Figure {
  const claim = whisper.spec.metrics_lie;
  const about = `Metrics, as ${claim?.source ?? 'the sender'} claimed at the same moment`;
  const claimed =
    field === 'cpu'
      ? shown(claim?.reported_cpu_cores, showCores, about)
      : shown(claim?.reported_memory_bytes, showBytes, about);
  if (claimed.text !== null) return claimed;
  const sample = whisper.status?.metrics ?? null;
  return sample === null
    ? { text: null, about: 'Nobody said what metrics claim' }
    : sampleFigure(sample, field, now);
}

const only = (name: string, kernel: Figure): FigureRow => ({ name, kernel, metrics: null });

function cpuRows(whisper: KernelWhisper, now: number): readonly FigureRow[] {
  const truth: Partial<KernelTruth> = whisper.spec.kernel_truth ?? {};
  const about = kernelAbout(whisper, now);
  const { nr_throttled: part, nr_periods: whole } = truth;
  const counts = part == null || whole == null ? '' : ` (${part} of ${whole})`;
  return [
    {
      name: 'CPU used',
      kernel: shown(truth.actual_cpu_cores, showCores, about),
      metrics: metricsFigure(whisper, 'cpu', now),
    },
    only('CPU limit', shown(truth.limit_cores, showCores, about)),
    only(
      'Periods throttled',
      shown(whisper.spec.throttled_percent, (value) => showPercent(value) + counts, about),
    ),
    only('Run time withheld', shown(truth.throttled_seconds, showSeconds, about)),
    only('Threads', shown(truth.threads, String, about)),
    only('Threads that could run', shown(truth.runnable_threads, String, about)),
    only('Time tasks waited for a CPU', shown(truth.cpu_pressure_percent, showPercent, about)),
  ];
}

function memoryRows(whisper: KernelWhisper, now: number): readonly FigureRow[] {
  const truth: Partial<MemoryTruth> = whisper.spec.memory ?? {};
  const about = kernelAbout(whisper, now);
  return [
    {
      name: 'Memory used',
      kernel: shown(truth.usage_bytes, showBytes, about),
      metrics: metricsFigure(whisper, 'memory', now),
    },
    only('Memory limit', shown(truth.limit_bytes, showBytes, about)),
    only('Share of the limit', shown(truth.usage_percent, showPercent, about)),
    only('Time stalled (PSI)', shown(truth.stalled_percent, showPercent, about)),
    only('OOM kills', shown(truth.oom_kills, String, about)),
    only(
      'OOM kills in all',
      shown(truth.episode_oom_kills, String, `${about}; counted since the episode began`),
    ),
  ];
}

function networkRows(whisper: KernelWhisper, now: number): readonly FigureRow[] {
  const truth: Partial<NetworkTruth> = whisper.spec.network ?? {};
  const about = kernelAbout(whisper, now);
  const { failed, attempted } = truth;
  const counts = failed == null || attempted == null ? '' : ` (${failed} of ${attempted})`;
  return [
    only(
      'Symptom',
      shown(truth.symptom, (value) => value.replaceAll('_', ' '), about),
    ),
    only(
      'Failed',
      shown(truth.failure_percent, (value) => showPercent(value) + counts, about),
    ),
    only('Round trip, median', shown(truth.latency_ms, showMilliseconds, about)),
    only('Other end', { text: truth.remote ?? null, about }),
  ];
}

/** The figures of a whisper, kernel and metrics side by side. */
export function figuresOf(whisper: KernelWhisper, now: number): readonly FigureRow[] {
  switch (whisper.spec.kind) {
    case 'cpu_throttle':
      return cpuRows(whisper, now);
    case 'memory_pressure':
      return memoryRows(whisper, now);
    case 'network_issue':
      return networkRows(whisper, now);
  }
}

/** The one figure that says how bad it is, and what it is a figure of. */
export interface Headline {
  readonly figure: Figure;
  readonly unit: string;
}

export function headlineOf(whisper: KernelWhisper, now: number): Headline {
  const { spec } = whisper;
  const about = kernelAbout(whisper, now);
  const kills = spec.memory?.episode_oom_kills ?? 0;
  switch (spec.kind) {
    case 'cpu_throttle':
      return { figure: shown(spec.throttled_percent, showPercent, about), unit: 'of periods throttled' };
    case 'memory_pressure':
      return kills > 0
        ? { figure: { text: String(kills), about }, unit: kills === 1 ? 'OOM kill' : 'OOM kills' }
        : { figure: shown(spec.memory?.usage_percent, showPercent, about), unit: 'of the memory limit' };
    case 'network_issue':
      return { figure: shown(spec.network?.failure_percent, showPercent, about), unit: 'failed' };
  }
}

/** What the kernel counted and what metrics said of the same thing; null where metrics have no such figure. */
export function comparisonOf(whisper: KernelWhisper, now: number): FigureRow | null {
  return figuresOf(whisper, now).find(({ metrics }) => metrics !== null) ?? null;
}

/** A limit that is absent beside a usage that was measured is none; where nothing was measured, it is not known. */
const limitText = (
  limit: number | null,
  usage: number | null,
  show: (value: number) => string,
): string | null => {
  if (limit !== null) return show(limit);
  return usage === null ? null : 'no limit';
};

type Named = readonly [name: string, text: string | null];

const orNull = (value: number | null, show: (value: number) => string): string | null =>
  value === null ? null : show(value);

const cpuOf = (reading: KernelReading): readonly Named[] => [
  ['CPU limit', limitText(reading.limit_cores, reading.usage_cores, showCores)],
  ['CPU used', orNull(reading.usage_cores, showCores)],
  [
    'Throttled',
    reading.nr_throttled === null || reading.nr_periods === null
      ? null
      : `${reading.nr_throttled} of ${reading.nr_periods}`,
  ],
  ['Withheld', orNull(withheldRate(reading), showWithheld)],
  ['Window', showSeconds(reading.window_seconds)],
];

const memoryOf = (reading: KernelReading): readonly Named[] => [
  ['Memory limit', limitText(reading.memory_limit_bytes, reading.memory_usage_bytes, showBytes)],
  ['Memory used', orNull(reading.memory_usage_bytes, showBytes)],
  ['OOM kills', orNull(reading.oom_kills, String)],
  ['Window', showSeconds(reading.window_seconds)],
];

/** What the kernel counted in one cgroup, by the name of the figure. */
export function readingFigures(
  reading: KernelReading,
  of: 'cpu' | 'memory',
  now: number,
): readonly (readonly [string, Figure])[] {
  const cgroup = reading.cgroup === null ? '' : `; cgroup ${reading.cgroup}`;
  const about = `Kernel; ${windowText(reading.window_seconds, reading.measured_at, now)}${cgroup}`;
  const named = of === 'cpu' ? cpuOf(reading) : memoryOf(reading);
  return named.map(([name, text]) => [name, { text, about }]);
}
