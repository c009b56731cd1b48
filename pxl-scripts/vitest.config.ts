import { mergeConfig } from 'vitest/config';
import { shared } from '../vitest.shared.ts';

/** The linter of the scripts has its tests beside it, as the code has. */
export default mergeConfig(shared, { test: { include: ['lint/**/*.test.ts'] } });
