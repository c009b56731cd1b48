import { halvesOfUuid } from './uuid.ts';

/** A process as Pixie names it. */
export interface Upid {
  /** Which agent of the cluster saw it. */
  readonly asid: number;
  readonly pid: number;
  /** When it started, in clock ticks (1/100 s) since its node booted. */
  readonly startTicks: bigint;
}

/** The parts of a UPID, which a UINT128 column gives as UUID text; null where it is none. */
export function upidOf(text: string): Upid | null {
  const halves = halvesOfUuid(text);
  if (halves === null) return null;
  return {
    asid: Number(halves.high >> 32n),
    pid: Number(halves.high & 0xffff_ffffn),
    startTicks: halves.low,
  };
}
