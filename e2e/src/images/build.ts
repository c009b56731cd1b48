import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, findProgram } from '../cluster/built/programs.ts';
import { run, runOrThrow } from '../command.ts';
import { REPOSITORY } from '../install.ts';
import { kgtraceBinary } from '../kgtrace.ts';
import { BASE_IMAGE, baseArchive } from './base.ts';
import { inStorage, type Storage } from './storage.ts';

export const DEPLOYABLES = ['operator', 'observer'] as const;
export type Deployable = (typeof DEPLOYABLES)[number];

/** An image, as a docker-archive. */
export interface Image {
  /** As the manifests name it. */
  readonly name: string;
  readonly archive: string;
}

const TOOLS = [
  ['buildah', 'buildah'],
  ['debootstrap', 'debootstrap'],
] as const;

/** Builds the images with buildah, as root, on a base that is made here, and leaves them in a folder. */
export async function buildImages(folder: string): Promise<Readonly<Record<Deployable, Image>>> {
  const missing = TOOLS.filter(([program]) => findProgram(program) === undefined).map(([, name]) => name);
  await ensurePackages(missing, 'building images');
  await kgtraceBinary();
  await runOrThrow('npm', ['run', 'build', '-w', 'kernel-gossip-web'], { cwd: REPOSITORY });
  const base = await baseArchive();
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, '.unfinished-'));
  try {
    return await inStorage(join(work, 'storage'), async (storage) => {
      await storage.buildah(['pull', `docker-archive:${base}`]);
      return {
        operator: await buildImage(storage, 'operator', folder, work),
        observer: await buildImage(storage, 'observer', folder, work),
      };
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function buildImage(storage: Storage, name: Deployable, folder: string, work: string): Promise<Image> {
  const version = versionOf(name);
  const tag = `docker.io/library/kernel-gossip-${name}:${version}`;
  const archive = join(folder, `kernel-gossip-${name}.tar`);
  await storage.buildah([
    ...['build', '--isolation', 'chroot', '--layers=false', '--pull-never', '--tag', tag],
    ...['--build-arg', `BASE_IMAGE=${BASE_IMAGE}`],
    ...['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${await revision()}`],
    ...['--file', join(REPOSITORY, `packages/${name}/Dockerfile`), REPOSITORY],
  ]);
  const unfinished = join(work, `${name}.tar`);
  await storage.buildah(['push', tag, `docker-archive:${unfinished}:${tag}`]);
  renameSync(unfinished, archive);
  return { name: tag, archive };
}

export const versionOf = (name: Deployable): string => {
  const text = readFileSync(join(REPOSITORY, `packages/${name}/package.json`), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};

/** The commit, with a mark when the folder differs from it; `unknown` without git. */
async function revision(): Promise<string> {
  if (!existsSync(join(REPOSITORY, '.git'))) return 'unknown';
  const { stdout } = await run('git', ['describe', '--always', '--dirty', '--abbrev=40'], {
    cwd: REPOSITORY,
  });
  return stdout.trim() || 'unknown';
}
