import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.ts';

export default mergeConfig(shared, {
  test: {
    // The page as it is now is what the tests look at.
    globalSetup: ['test/support/build-page.ts'],
    // A browser on a busy machine takes its time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
