import { ABSENT } from '../sample/flat-keyed.ts';
import { readOnce } from '../sample/kept-file.ts';
import { parsePressureTotal } from '../sample/pressure.ts';

interface Total {
  readonly us: number;
  readonly atMs: number;
}

/** A window of which this share was seen is the one that was measured. */
const SAME_WINDOW = 0.1;

/** Measures for what share of the time tasks of a group waited for a CPU, from one report of it to the next. */
export class PressureMeter {
  readonly #root: string;
  readonly #buffer: Buffer;
  readonly #nowMs: () => number;
  /** At the last report, by path: of groups that are being told of, and no others. */
  readonly #before = new Map<string, Total>();

  constructor(root: string, buffer: Buffer, nowMs: () => number) {
    this.#root = root;
    this.#buffer = buffer;
    this.#nowMs = nowMs;
  }

  /**
   * Share of the time since the last report, 0..100. Null at the first one, where nobody counted at the window's beginning;
   * and where the window that is told of does not begin with the last report.
   */
  since(path: string, windowSeconds: number): number | null {
    const now = this.#read(path);
    const before = this.#before.get(path);
    if (now === null) this.#before.delete(path);
    else this.#before.set(path, now);
    if (now === null || before === undefined || now.us < before.us) return null;
    const seconds = (now.atMs - before.atMs) / 1000;
    if (seconds <= 0 || Math.abs(seconds - windowSeconds) > windowSeconds * SAME_WINDOW) return null;
    return Math.min(100, (now.us - before.us) / (seconds * 1e4));
  }

  forget(path: string): void {
    this.#before.delete(path);
  }

  #read(path: string): Total | null {
    const atMs = this.#nowMs();
    const length = readOnce(`${this.#root}${path}/cpu.pressure`, this.#buffer);
    const us = length < 0 ? ABSENT : parsePressureTotal(this.#buffer, length, 'some');
    return us === ABSENT ? null : { us, atMs };
  }
}
