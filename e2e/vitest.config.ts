import { defineConfig } from 'vitest/config';
import { shared } from '../vitest.shared.ts';

/** `vitest run --project unit` needs no cluster. */
export default defineConfig({
  test: {
    // One cluster is shared: one file after the other.
    fileParallelism: false,
    projects: [
      { ...shared, test: { ...shared.test, name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        ...shared,
        test: {
          ...shared.test,
          name: 'suites',
          include: ['suites/**/*.test.ts'],
          globalSetup: ['./global-setup.ts'],
          // A cluster's answers are slower than a stub's.
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
