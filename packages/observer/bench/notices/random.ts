/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const between = (random: Random, least: number, most: number): number =>
  least + (most - least) * random();

const MOST_EVENTS = 400;

/** How many random events happen in a span in which so many happen on average. */
export class Poisson {
  readonly #random: Random;
  /** Chance of so many events at most. */
  readonly #atMost: number[] = [];
  #mean = -1;

  constructor(random: Random) {
    this.#random = random;
  }

  setMean(mean: number): void {
    if (mean === this.#mean) return;
    this.#mean = mean;
    let chance = Math.exp(-mean);
    let sum = chance;
    this.#atMost.length = 0;
    for (let count = 1; sum < 1 - 1e-9 && count < MOST_EVENTS; count += 1) {
      this.#atMost.push(sum);
      chance *= mean / count;
      sum += chance;
    }
  }

  draw(): number {
    const at = this.#random();
    const atMost = this.#atMost;
    let count = 0;
    while (at > (atMost[count] ?? 1)) count += 1;
    return count;
  }
}
