/** Work that arrives by the clock, in equal parts for each thread. */
export interface Load {
  readonly shape: 'steady' | 'bursty' | 'periodic' | 'never idle';
  readonly threads: number;
  /** CPU time of one thread's part, in milliseconds; 0 for one that is never idle. */
  readonly partMs: number;
  readonly everyMs: number;
}

/** Little work all the time; parts and gaps that differ by a factor of six; much work now and then. */
export const LOADS: readonly Load[] = [
  { shape: 'steady', threads: 1, partMs: 5, everyMs: 10 },
  { shape: 'steady', threads: 2, partMs: 4, everyMs: 10 },
  { shape: 'steady', threads: 4, partMs: 2.5, everyMs: 10 },
  { shape: 'bursty', threads: 1, partMs: 40, everyMs: 100 },
  { shape: 'bursty', threads: 2, partMs: 25, everyMs: 100 },
  { shape: 'bursty', threads: 4, partMs: 15, everyMs: 100 },
  { shape: 'periodic', threads: 1, partMs: 75, everyMs: 250 },
  { shape: 'periodic', threads: 2, partMs: 50, everyMs: 250 },
  { shape: 'periodic', threads: 4, partMs: 30, everyMs: 250 },
];

/** They eat any limit. */
export const HUNGRY: readonly Load[] = [
  { shape: 'never idle', threads: 1, partMs: 0, everyMs: 1 },
  { shape: 'never idle', threads: 2, partMs: 0, everyMs: 1 },
];

/** The cores that a load needs in the mean. */
export const demandOf = ({ threads, partMs, everyMs }: Load): number => (threads * partMs) / everyMs;

export const nameOf = ({ shape, threads }: Load): string =>
  `${shape}, ${threads} thread${threads === 1 ? '' : 's'}`;
