import { defineConfig, mergeConfig } from 'vitest/config';
import { project, run } from '../vitest.shared.ts';

/** Answers of programs and clusters are slower than those of functions. */
const patience = { testTimeout: 120_000, hookTimeout: 300_000 };

/** `vitest run --project unit` and `--project machine` need no cluster. */
export default mergeConfig(
  run,
  defineConfig({
    test: {
      // One cluster, and one kernel, are shared: one file after the other.
      fileParallelism: false,
      projects: [
        { ...project, test: { ...project.test, name: 'unit', include: ['src/**/*.test.ts'] } },
        {
          ...project,
          test: { ...project.test, ...patience, name: 'machine', include: ['machine/**/*.test.ts'] },
        },
        {
          ...project,
          test: {
            ...project.test,
            ...patience,
            name: 'suites',
            include: ['suites/**/*.test.ts'],
            globalSetup: ['./global-setup.ts'],
          },
        },
      ],
    },
  }),
);
