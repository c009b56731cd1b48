import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../cluster/built/build-lock.ts';
import { cacheDirectory } from '../cluster/built/kubernetes-build.ts';
import { findProgram } from '../cluster/built/programs.ts';
import { run, runOrThrow } from '../command.ts';
import { say } from '../say.ts';

/** Debian's kernel for virtual machines: cgroup version 2 with all controllers, PSI and BTF. */
const METAPACKAGE = 'linux-image-cloud-amd64';

interface DebianPackage {
  readonly name: string;
  readonly sha256: string;
}

/** The kernel that the guest boots, downloaded once and never installed. */
export async function guestKernel(): Promise<string> {
  const wanted = await findKernelPackage();
  const cache = join(cacheDirectory(), 'guest-kernel');
  const kernel = join(cache, wanted.sha256);
  if (existsSync(kernel)) return kernel;
  mkdirSync(cache, { recursive: true });
  await withLock(
    `${kernel}.lock`,
    () => say(`another run is downloading ${wanted.name}; waiting for it`),
    async () => {
      if (!existsSync(kernel)) await download(wanted, cache, kernel);
    },
  );
  return kernel;
}

async function findKernelPackage(): Promise<DebianPackage> {
  if (findProgram('apt-cache') === undefined)
    throw new Error(`the guest boots ${METAPACKAGE}, and there is no apt here to download it with`);
  const known = await askForKernelPackage();
  if (known !== undefined) return known;
  await runOrThrow('apt-get', ['update']);
  const found = await askForKernelPackage();
  if (found === undefined) throw new Error(`the guest needs ${METAPACKAGE}, which apt does not know of`);
  return found;
}

async function askForKernelPackage(): Promise<DebianPackage | undefined> {
  const name = kernelPackageIn((await run('apt-cache', ['depends', METAPACKAGE])).stdout);
  if (name === undefined) return undefined;
  const sha256 = sha256In((await run('apt-cache', ['show', '--no-all-versions', name])).stdout);
  return sha256 === undefined ? undefined : { name, sha256 };
}

/** The package in which the newest kernel is, in what apt-cache(8) says of the one that depends on it. */
export const kernelPackageIn = (depends: string): string | undefined =>
  /^\s*Depends: (linux-image-\d\S*)/m.exec(depends)?.[1];

/** The digest of the package's file, in the same words as in an archive's Packages (deb-control(5), apt-secure(8)). */
export const sha256In = (record: string): string | undefined => /^SHA256: ([0-9a-f]{64})$/m.exec(record)?.[1];

async function download({ name }: DebianPackage, cache: string, kernel: string): Promise<void> {
  const unfinished = mkdtempSync(join(cache, 'unfinished-'));
  try {
    say(`downloading ${name}; cached afterwards`);
    await runOrThrow('apt-get', ['download', name], { cwd: unfinished });
    const [archive = ''] = globSync('*.deb', { cwd: unfinished });
    await runOrThrow('dpkg', ['-x', archive, '.'], { cwd: unfinished });
    const [image] = globSync('boot/vmlinuz-*', { cwd: unfinished });
    if (image === undefined) throw new Error(`${name} holds no kernel`);
    renameSync(join(unfinished, image), kernel);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
