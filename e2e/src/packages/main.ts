import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cleanCheckout } from './clean-checkout.ts';
import { build, pack, PUBLISHED, type Packed } from './pack.ts';
import { makePlugin } from './plugin.ts';

/** `node e2e/src/packages/main.ts <folder>`: everything that a release publishes, made from a clean copy. */
const into = resolve(process.argv[2] ?? 'release');
const checkout = mkdtempSync(join(tmpdir(), 'kernel-gossip-release-'));
try {
  mkdirSync(into);
  cleanCheckout(checkout);
  await build(checkout);
  const packed: Packed[] = [];
  for (const folder of PUBLISHED) packed.push(await pack(checkout, folder, into));
  await makePlugin(into, packed);
  rmSync(join(into, 'plugin'), { recursive: true });
  for (const { name, filename, size } of packed)
    process.stdout.write(`${name}: ${filename}, ${Math.round(size / 1024)} KiB\n`);
} finally {
  rmSync(checkout, { recursive: true, force: true });
}
