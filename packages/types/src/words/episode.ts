import type { KernelWhisper } from '../resource/index.ts';

/** The trouble itself; times in milliseconds of its source's clock. */
export interface Episode {
  readonly from: number;
  /** Null where it lasts, or nobody saw its end. */
  readonly to: number | null;
}

/** When the trouble lasted of which a whisper tells. */
export const episodeOf = ({ spec }: Pick<KernelWhisper, 'spec'>): Episode => ({
  from: Date.parse(spec.detected_at),
  to: spec.ended_at === null ? null : Date.parse(spec.ended_at),
});

/** The window of a whisper's own figures. */
export interface OwnWindow {
  /** Its length; null where it is not stated. */
  readonly seconds: number | null;
  /** When it ended; null where nobody says. */
  readonly end: string | null;
}

/** Figures without a time of their own are those of the moment of detection, unless the spec has changed since. */
export function ownWindowOf({ spec, metadata }: Pick<KernelWhisper, 'spec' | 'metadata'>): OwnWindow {
  const figures = {
    cpu_throttle: spec.kernel_truth,
    memory_pressure: spec.memory,
    network_issue: spec.network,
  }[spec.kind];
  return {
    seconds: figures?.window_seconds ?? null,
    end: spec.measured_at ?? (metadata.generation === 1 ? spec.detected_at : null),
  };
}
