import { NOT_MEASURED, type KernelWhisper } from 'kernel-gossip-types';
import { pad, widthOf } from '../terminal/width.ts';
import { metricsValue, showFigure, type MetricsFigure } from './metrics-said.ts';
import type { Paper } from './paper.ts';

const BAR = '█';
const NAME = 8;
const LONGEST = 60;

interface Measured {
  readonly name: 'kernel' | 'metrics' | 'limit';
  readonly value: number | null;
}

/** The figures that can be laid beside each other; none where they are of different things. */
function measuredOf(whisper: KernelWhisper): {
  readonly figure: MetricsFigure;
  readonly rows: readonly Measured[];
} | null {
  const { kind, kernel_truth: cpu, memory } = whisper.spec;
  if (kind === 'network_issue') return null;
  const [figure, used, limit] =
    kind === 'cpu_throttle'
      ? (['cpu', cpu?.actual_cpu_cores ?? null, cpu?.limit_cores ?? null] as const)
      : (['memory', memory?.usage_bytes ?? null, memory?.limit_bytes ?? null] as const);
  const rows: readonly Measured[] = [
    { name: 'kernel', value: used },
    { name: 'metrics', value: metricsValue(whisper, figure) },
    ...(limit === null ? [] : [{ name: 'limit', value: limit } as const]),
  ];
  return { figure, rows };
}

/** A bar of at least one sign for anything above nothing. */
const barOf = (value: number, most: number, columns: number): string =>
  value <= 0 ? '' : BAR.repeat(Math.max(1, Math.round((value / most) * columns)));

/** Used by the kernel's count and by the metrics', and the limit, to one scale. No line where there is nothing to compare. */
export function toScale(whisper: KernelWhisper, { chalk, width }: Paper): readonly string[] {
  const measured = measuredOf(whisper);
  if (measured === null) return [];
  const { figure, rows } = measured;
  const values = rows.flatMap(({ value }) => (value === null ? [] : [value]));
  const most = Math.max(...values);
  if (values.length < 2 || most <= 0) return [];
  const texts = rows.map(({ value }) => (value === null ? NOT_MEASURED : showFigure(figure, value)));
  const columns = Math.min(LONGEST, width - NAME - 4 - Math.max(...texts.map(widthOf)));
  const paints = { kernel: chalk.red, metrics: chalk.green, limit: chalk.dim };
  return rows.map(({ name, value }, index) => {
    const bar = value === null ? '' : barOf(value, most, columns);
    return `  ${pad(name, NAME)}${paints[name](bar)}${bar === '' ? '' : ' '}${texts[index] ?? ''}`;
  });
}
