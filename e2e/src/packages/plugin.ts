import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../command.ts';
import { REPOSITORY } from '../install.ts';
import type { Packed } from './pack.ts';
import { startRegistry } from './registry.ts';

export const PLUGIN_ARCHIVE = 'kubectl-gossip.tar.gz';
export const PLUGIN_MANIFEST = 'gossip.yaml';

/**
 * Makes what krew installs: `kgossip` with everything it needs in one archive, as krew has no npm, and the manifest that
 * names its checksum. Both lie beside the packed packages then.
 */
export async function makePlugin(archives: string, packages: readonly Packed[]): Promise<void> {
  const version = packages.find(({ name }) => name === 'kgossip')?.version ?? '';
  const folder = join(archives, 'plugin');
  mkdirSync(folder);
  await using registry = await startRegistry(archives, packages);
  await runOrThrow(
    'npm',
    [
      ...['install', `kgossip@${version}`, '--prefix', folder, '--registry', registry.url],
      ...['--omit=dev', '--no-save', '--no-package-lock'],
    ],
    { cwd: folder },
  );
  const archive = join(archives, PLUGIN_ARCHIVE);
  await runOrThrow('tar', ['-czf', archive, '-C', folder, 'node_modules']);
  const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex');
  const template = readFileSync(join(REPOSITORY, 'k8s/krew', PLUGIN_MANIFEST), 'utf8');
  const manifest = template
    .replace(/^#.*\n/gm, '')
    .replaceAll('${VERSION}', version)
    .replaceAll('${SHA256}', sha256);
  writeFileSync(join(archives, PLUGIN_MANIFEST), manifest);
}
