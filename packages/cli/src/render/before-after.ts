import {
  measuredMoments,
  NOT_MEASURED,
  showBytes,
  showCores,
  showCount,
  showSeconds,
  showWithheld,
  withheldRate,
  type FindingKind,
  type KernelReading,
  type KernelWhisper,
  type MeasuredPair,
  type Remedy,
} from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';
import { grid, widthOfGrid, type Paper } from './paper.ts';

type Measure = readonly [name: string, show: (reading: KernelReading, now: number) => string];

/** A limit that is absent beside a usage that was measured is none; where nothing was measured, it is not known. */
const limit = (value: number | null, usage: number | null, show: (value: number | null) => string): string =>
  value === null && usage !== null ? 'no limit' : show(value);

const CPU: readonly Measure[] = [
  ['CPU limit', (reading) => limit(reading.limit_cores, reading.usage_cores, showCores)],
  ['CPU used', (reading) => showCores(reading.usage_cores)],
  [
    'throttled',
    ({ nr_throttled: part, nr_periods: whole }) =>
      part === null || whole === null ? NOT_MEASURED : `${part} of ${whole}`,
  ],
  ['withheld', (reading) => showWithheld(withheldRate(reading))],
];
const MEMORY: readonly Measure[] = [
  ['memory limit', (reading) => limit(reading.memory_limit_bytes, reading.memory_usage_bytes, showBytes)],
  ['memory used', (reading) => showBytes(reading.memory_usage_bytes)],
  ['OOM kills', (reading) => showCount(reading.oom_kills)],
];
const WINDOW: readonly Measure[] = [
  ['window', (reading) => showSeconds(reading.window_seconds)],
  ['ended', (reading, now) => `${age(reading.measured_at, now)} ago`],
];

const measuresOf = (kind: FindingKind): readonly Measure[] => [
  ...(kind === 'memory_pressure' ? MEMORY : CPU),
  ...WINDOW,
];

/**
 * What the kernel counted before and after, of the container and of the pod around it: side by side where the paper is
 * wide enough, else one below the other.
 */
export function beforeAfter(whisper: KernelWhisper, remedy: Remedy, paper: Paper): readonly string[] {
  const measures = measuresOf(whisper.spec.kind);
  const moments = measuredMoments(whisper.status?.measured ?? null, remedy);
  const cells = (where: keyof MeasuredPair): readonly (readonly string[])[] =>
    measures.map(([, show]) =>
      moments.map(({ pair }) => {
        const reading = pair?.[where] ?? null;
        return reading === null ? NOT_MEASURED : show(reading, paper.now);
      }),
    );
  const names = measures.map(([name]) => name);
  const heads = moments.map(({ name }) => name.toUpperCase());
  const container = cells('container');
  const pod = cells('pod');
  const together = [
    ['', 'CONTAINER', '', 'POD', ''],
    ['', ...heads, ...heads],
    ...names.map((name, row) => [name, ...(container[row] ?? []), ...(pod[row] ?? [])]),
  ];
  if (widthOfGrid(together) + 2 <= paper.width) return grid(together, paper, 2);
  const alone = (head: string, rows: readonly (readonly string[])[]): readonly string[] => {
    const table = [[head, ...heads], ...names.map((name, row) => [name, ...(rows[row] ?? [])])];
    if (widthOfGrid(table) + 2 <= paper.width) return grid(table, paper);
    return heads.flatMap((_, moment) =>
      grid(
        table.map((cells) => [cells[0] ?? '', cells[moment + 1] ?? '']),
        paper,
      ),
    );
  };
  return [...alone('CONTAINER', container), ...alone('POD', pod)];
}
