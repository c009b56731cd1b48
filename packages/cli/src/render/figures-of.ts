import {
  NOT_MEASURED,
  showBytes,
  showCores,
  showCount,
  showMilliseconds,
  showPercent,
  showSeconds,
  showText,
  type KernelTruth,
  type KernelWhisper,
  type MemoryTruth,
  type NetworkTruth,
} from 'kernel-gossip-types';
import { metricsCell } from './metrics-said.ts';

/** One line of the comparison. `metrics` is null where metrics have no such figure in a whisper. */
export interface FigureRow {
  readonly name: string;
  readonly kernel: string;
  readonly metrics: string | null;
}

export interface Figures {
  readonly windowSeconds: number | null;
  readonly rows: readonly FigureRow[];
}

const kernelOnly = (name: string, kernel: string): FigureRow => ({ name, kernel, metrics: null });

/** What stands for a block that a whisper does not have: every figure not measured. */
const NO_CPU: KernelTruth = {
  throttled_percent: null,
  actual_cpu_cores: null,
  limit_cores: null,
  nr_periods: null,
  nr_throttled: null,
  throttled_seconds: null,
  threads: null,
  runnable_threads: null,
  runtime: null,
  cpu_pressure_percent: null,
  age_seconds: null,
  window_seconds: null,
};

/** Like ` (4 of 8)`, where both are known. */
const counts = (part: number | null, whole: number | null): string =>
  part === null || whole === null ? '' : ` (${part} of ${whole})`;

function throttleFigures(whisper: KernelWhisper): Figures {
  const { spec } = whisper;
  const truth = spec.kernel_truth ?? NO_CPU;
  const throttled = showPercent(spec.throttled_percent) + counts(truth.nr_throttled, truth.nr_periods);
  return {
    windowSeconds: truth.window_seconds,
    rows: [
      {
        name: 'CPU used',
        kernel: showCores(truth.actual_cpu_cores),
        metrics: metricsCell(whisper, 'cpu'),
      },
      kernelOnly('CPU limit', showCores(truth.limit_cores)),
      kernelOnly('periods throttled', throttled),
      kernelOnly('run time withheld', showSeconds(truth.throttled_seconds)),
    ],
  };
}

function memoryFigures(memory: MemoryTruth, whisper: KernelWhisper): Figures {
  return {
    windowSeconds: memory.window_seconds,
    rows: [
      {
        name: 'memory used',
        kernel: showBytes(memory.usage_bytes),
        metrics: metricsCell(whisper, 'memory'),
      },
      kernelOnly('memory limit', showBytes(memory.limit_bytes)),
      kernelOnly('share of the limit', showPercent(memory.usage_percent)),
      kernelOnly('time stalled (PSI)', showPercent(memory.stalled_percent)),
      kernelOnly('OOM kills', showCount(memory.oom_kills)),
      kernelOnly('OOM kills in all', showCount(memory.episode_oom_kills)),
    ],
  };
}

function networkFigures(network: NetworkTruth): Figures {
  return {
    windowSeconds: network.window_seconds,
    rows: [
      kernelOnly('symptom', network.symptom),
      kernelOnly('failed', showPercent(network.failure_percent) + counts(network.failed, network.attempted)),
      kernelOnly('round trip, median', showMilliseconds(network.latency_ms)),
      kernelOnly('other end', showText(network.remote)),
    ],
  };
}

const NO_FIGURES: Figures = { windowSeconds: null, rows: [kernelOnly('figures', NOT_MEASURED)] };

/** The figures of a whisper, kernel and metrics side by side. */
export function figuresOf(whisper: KernelWhisper): Figures {
  const { kind, memory, network } = whisper.spec;
  switch (kind) {
    case 'cpu_throttle':
      return throttleFigures(whisper);
    case 'memory_pressure':
      return memory === null ? NO_FIGURES : memoryFigures(memory, whisper);
    case 'network_issue':
      return network === null ? NO_FIGURES : networkFigures(network);
  }
}
