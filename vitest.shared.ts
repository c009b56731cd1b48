import { join } from 'node:path';
import { defineConfig, mergeConfig } from 'vitest/config';

/** The condition under which a package's `exports` point at its TypeScript, so that tests need no build. */
export const SOURCE_CONDITION = '@kernel-gossip/source';

/** What every project of tests has in common. */
export const project = defineConfig({
  resolve: { conditions: [SOURCE_CONDITION] },
  ssr: {
    resolve: { conditions: [SOURCE_CONDITION], externalConditions: [SOURCE_CONDITION] },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    restoreMocks: true,
    expect: { requireAssertions: true },
  },
});

/** Where each run leaves a report for machines, named after its package, when that is wanted (.ci/run). */
const results = process.env.KERNEL_GOSSIP_TEST_RESULTS;

/** How a run reports; only a run as a whole can say so, not a project within it. */
export const run = defineConfig({
  test: {
    reporters: results === undefined ? ['default'] : ['default', 'json'],
    outputFile: { json: join(results ?? '.', `${process.env.npm_package_name ?? 'tests'}.json`) },
  },
});

/** What every package's vitest.config.ts is. */
export const shared = mergeConfig(project, run);
