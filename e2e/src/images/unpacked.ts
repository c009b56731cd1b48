import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findProgramOrThrow } from '../cluster/built/programs.ts';
import { run, runOrThrow, type CommandResult } from '../command.ts';

/** What of an image's configuration the tests read (moby/docker-image-spec, v1.2). */
export interface ImageConfig {
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly Cmd?: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

/** A docker-archive, laid out as files. */
export interface UnpackedImage {
  readonly config: ImageConfig;
  /** Its whole file system. */
  readonly root: string;
  /** What the layers that are not of the base add, with every parent folder. */
  readonly added: string;
  /** Runs the image's program as a pod may: its user, a root that cannot be written to, no capability, nothing to be gained. */
  run(args: readonly string[]): Promise<CommandResult>;
  remove(): void;
}

interface Manifest {
  readonly Config: string;
  readonly Layers: readonly string[];
}

export async function unpackImage(archive: string, baseArchive: string): Promise<UnpackedImage> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  const [root, added] = [join(folder, 'rootfs'), join(folder, 'added')];
  for (const path of [root, added]) mkdirSync(path);
  await unpack(archive, join(folder, 'image'));
  const { layers, config } = readImage(join(folder, 'image'));
  const base = await baseLayers(baseArchive, join(folder, 'base'));
  for (const [at, layer] of layers.entries()) {
    const targets = base.has(config.rootfs.diff_ids[at] ?? '') ? [root] : [root, added];
    for (const target of targets) {
      await runOrThrow('tar', ['--xattrs', '--xattrs-include=*', '-C', target, '-xpf', layer]);
    }
  }
  return {
    config,
    root,
    added,
    run: (args) => runContained(folder, config, args),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function baseLayers(archive: string, folder: string): Promise<ReadonlySet<string>> {
  await unpack(archive, folder);
  return new Set(readImage(folder).config.rootfs.diff_ids);
}

async function unpack(archive: string, folder: string): Promise<void> {
  mkdirSync(folder);
  await runOrThrow('tar', ['-C', folder, '-xf', archive]);
}

function readImage(folder: string): { readonly layers: readonly string[]; readonly config: ImageConfig } {
  const [manifest] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as readonly Manifest[];
  if (manifest === undefined) throw new Error('the archive holds no image');
  return {
    layers: manifest.Layers.map((layer) => join(folder, layer)),
    config: JSON.parse(readFileSync(join(folder, manifest.Config), 'utf8')) as ImageConfig,
  };
}

interface Specification {
  process: {
    terminal: boolean;
    user: { uid: number; gid: number };
    args: readonly string[];
    env: readonly string[];
    cwd: string;
    capabilities: object;
    noNewPrivileges: boolean;
    apparmorProfile?: string;
  };
  root: { path: string; readonly: boolean };
  linux: { cgroupsPath?: string };
}

async function runContained(
  bundle: string,
  { config }: ImageConfig,
  args: readonly string[],
): Promise<CommandResult> {
  const runc = findProgramOrThrow('runc');
  const path = join(bundle, 'config.json');
  rmSync(path, { force: true });
  await runOrThrow(runc, ['spec', '--bundle', bundle]);
  const specification = JSON.parse(readFileSync(path, 'utf8')) as Specification;
  const [uid = 0, gid = 0] = config.User.split(':').map(Number);
  const id = `kernel-gossip-test-${basename(bundle)}`;
  Object.assign(specification.process, {
    terminal: false,
    user: { uid, gid },
    args: [...config.Entrypoint, ...args],
    env: config.Env,
    capabilities: {},
    noNewPrivileges: true,
  });
  delete specification.process.apparmorProfile;
  specification.root.readonly = true;
  specification.linux.cgroupsPath = `/${id}`;
  writeFileSync(path, JSON.stringify(specification));
  return run(runc, ['run', '--bundle', bundle, id]);
}
