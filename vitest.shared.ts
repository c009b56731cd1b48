import { defineConfig } from 'vitest/config';

/** The condition under which a package's `exports` point at its TypeScript, so that tests need no build. */
export const SOURCE_CONDITION = '@kernel-gossip/source';

/** What every package's vitest.config.ts is merged with. */
export const shared = defineConfig({
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
