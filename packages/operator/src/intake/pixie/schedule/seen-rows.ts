import { hash } from 'node:crypto';
import type { Row } from 'kernel-gossip-pxl-scripts';

const FIRST_SLOTS = 1024;

/**
 * Which rows of a window were taken, so that none is taken twice when the window has to be run again. It holds 53 bits of
 * a hash of each, in a table of plain numbers: some 16 bytes a row, where a set of texts would need a hundred.
 */
export class SeenRows {
  #slots = new Float64Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return this.#slots[this.#slotOf(key)] === key;
  }

  /** Notes a key, which is not 0. */
  add(key: number): void {
    const slot = this.#slotOf(key);
    if (this.#slots[slot] === key) return;
    this.#slots[slot] = key;
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** Where the key is, or the free place where it would be. */
  #slotOf(key: number): number {
    const slots = this.#slots;
    let slot = key % slots.length;
    while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 1) % slots.length;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    for (const key of old) if (key !== 0) this.#slots[this.#slotOf(key)] = key;
  }
}

/** What tells a row of a table from every other: all that stands in it. Never 0. */
export function rowKey(table: string, row: Row): number {
  const digest = hash('sha1', [table, ...Object.values(row).map(String)].join('\0'), 'buffer');
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) >>> 3) || 1;
}
