import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Builds the page, so that the operator serves what stands in `src`. */
export async function setup(): Promise<void> {
  await build({ root: fileURLToPath(new URL('../../', import.meta.url)), logLevel: 'warn' });
}
