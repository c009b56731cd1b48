import type { ClockLine } from './line.ts';

/** What turns CLOCK_BOOTTIME into wall time: add it. In microseconds. */
export type WallOffset = number;

export const wallOffset = ({ boot_us: boot, wall_us: wall }: ClockLine): WallOffset => wall - boot;

/** A moment of CLOCK_BOOTTIME as RFC 3339 with microseconds, in UTC; in the year 2255 exact numbers end. */
export function wallTime(bootUs: number, offset: WallOffset): string {
  const wallUs = Math.min(Math.max(0, Math.floor(bootUs + offset)), Number.MAX_SAFE_INTEGER);
  const seconds = Math.floor(wallUs / 1e6);
  const micros = String(wallUs - seconds * 1e6).padStart(6, '0');
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, `.${micros}Z`);
}
