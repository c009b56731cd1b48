import { ABSENT } from './flat-keyed.ts';

/** `some`: at least one task waited; `full`: all that could have run did. */
export type PressureKind = 'some' | 'full';

const TOTALS = {
  some: /^some .*\btotal=(\d{1,20})$/m,
  full: /^full .*\btotal=(\d{1,20})$/m,
} as const;

/**
 * Microseconds in which tasks waited since the group was made, from a pressure file: `some avg10=0.00 avg60=0.00 avg300=0.00
 * total=0`. `ABSENT` where the file has no such line: `full` of the CPU came with Linux 5.13. Never throws.
 */
export function parsePressureTotal(buffer: Buffer, length: number, kind: PressureKind): number {
  const [, total] = TOTALS[kind].exec(buffer.toString('latin1', 0, length)) ?? [];
  return total === undefined ? ABSENT : Number(total);
}
