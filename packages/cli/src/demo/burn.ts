/** Arithmetic that the compiler cannot leave out: its result is returned. */
export function burn(iterations: number): number {
  let state = 0x2545f491;
  for (let index = 0; index < iterations; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

const PROBE = 2_000_000;
const PROBES = 15;

/** How many iterations take so many milliseconds of a free CPU: by the fastest of several probes, as others may run too. */
export function calibrate(milliseconds: number, clock: () => number = () => performance.now()): number {
  burn(PROBE);
  let fastest = Infinity;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const start = clock();
    burn(PROBE);
    fastest = Math.min(fastest, clock() - start);
  }
  return Math.round((PROBE / Math.max(fastest, 0.001)) * milliseconds);
}
