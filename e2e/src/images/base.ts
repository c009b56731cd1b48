import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../cluster/built/build-lock.ts';
import { cacheDirectory, cacheKey } from '../cluster/built/go-build.ts';
import { runOrThrow } from '../command.ts';
import { REPOSITORY } from '../install.ts';
import { say } from '../say.ts';
import { inStorage, type Storage } from './storage.ts';

export const BASE_IMAGE = 'localhost/kernel-gossip-base:bookworm';

/** setcap is for the stage that builds; Docker's node image gets it by apt there. */
const DEBOOTSTRAP = ['--variant=minbase', '--include=libcap2-bin', 'bookworm'] as const;
const NOT_NEEDED = [
  'var/cache/apt',
  'var/lib/apt/lists',
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
];
const DOCKERFILE = `FROM scratch
ADD root.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["node"]
`;

/**
 * Stands in for docker.io/library/node:24-bookworm-slim where no image can be pulled: the same Debian and Node's own
 * binary, which npm has. A docker-archive, made once and kept.
 */
export async function baseArchive(): Promise<string> {
  const node = join(REPOSITORY, `node_modules/node-linux-${process.arch}`);
  const { version } = JSON.parse(readFileSync(join(node, 'package.json'), 'utf8')) as { version: string };
  const cache = join(cacheDirectory(), 'base-image');
  const archive = join(cache, `${cacheKey([...DEBOOTSTRAP, DOCKERFILE], version)}.tar`);
  mkdirSync(cache, { recursive: true });
  const waiting = (): void => say('another run is making the base image; waiting for it');
  await withLock(`${archive}.lock`, waiting, async () => {
    if (!existsSync(archive)) await makeBase(archive, join(node, 'bin/node'));
  });
  return archive;
}

async function makeBase(archive: string, nodeBinary: string): Promise<void> {
  say('making the base image: Debian by debootstrap, and Node; takes two minutes, and is cached afterwards');
  const work = mkdtempSync(`${archive}.unfinished-`);
  const root = join(work, 'root');
  try {
    await runOrThrow('debootstrap', [...DEBOOTSTRAP, root]);
    for (const path of NOT_NEEDED) rmSync(join(root, path), { recursive: true, force: true });
    copyFileSync(nodeBinary, join(root, 'usr/local/bin/node'));
    chmodSync(join(root, 'usr/local/bin/node'), 0o755);
    await runOrThrow('tar', ['--numeric-owner', '-C', root, '-cf', join(work, 'root.tar'), '.']);
    rmSync(root, { recursive: true });
    writeFileSync(join(work, 'Dockerfile'), DOCKERFILE);
    await inStorage(join(work, 'storage'), async (storage: Storage) => {
      await storage.buildah(['build', '--isolation', 'chroot', '--tag', BASE_IMAGE, work]);
      await storage.buildah(['push', BASE_IMAGE, `docker-archive:${join(work, 'base.tar')}:${BASE_IMAGE}`]);
    });
    renameSync(join(work, 'base.tar'), archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
