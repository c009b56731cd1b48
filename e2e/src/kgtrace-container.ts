import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupDirectory } from './cluster/cgroup-directory.ts';
import { ensurePackages, findProgram, findProgramOrThrow } from './cluster/built/programs.ts';
import { type CommandResult, run, runOrThrow } from './command.ts';

/** A container to be run by runc, in a pod's cgroup that has been made already, as kubelet does. */
export interface Container {
  readonly id: string;
  /** Runs it to its end. */
  run(): Promise<CommandResult>;
  remove(): void;
}

export interface ContainerOptions {
  readonly id: string;
  /** The group that its own is made in, from the root of each hierarchy. */
  readonly parent: string;
  readonly args: readonly string[];
  /** Further names in /bin for busybox. */
  readonly programs?: readonly string[];
}

interface Specification {
  process: { terminal: boolean; args: readonly string[]; apparmorProfile?: string };
  linux: { cgroupsPath?: string };
}

const APPLETS = ['sh', 'true', 'sleep'] as const;

export async function ensureRunc(): Promise<void> {
  const needed = [
    ['runc', 'runc'],
    ['busybox', 'busybox-static'],
  ] as const;
  await ensurePackages(
    needed.filter(([program]) => findProgram(program) === undefined).map(([, name]) => name),
    'running containers',
  );
}

export async function makeContainer(options: ContainerOptions): Promise<Container> {
  const bundle = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  const bin = join(bundle, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(findProgramOrThrow('busybox'), join(bin, 'busybox'));
  for (const name of [...APPLETS, ...(options.programs ?? [])]) symlinkSync('busybox', join(bin, name));
  const runc = findProgramOrThrow('runc');
  await runOrThrow(runc, ['spec', '--bundle', bundle]);
  const path = join(bundle, 'config.json');
  const specification = JSON.parse(readFileSync(path, 'utf8')) as Specification;
  specification.process.terminal = false;
  specification.process.args = options.args;
  delete specification.process.apparmorProfile;
  specification.linux.cgroupsPath = `${options.parent}/${options.id}`;
  writeFileSync(path, JSON.stringify(specification));
  return {
    id: options.id,
    run: () => run(runc, ['run', '--bundle', bundle, options.id]),
    remove: () => {
      rmSync(bundle, { recursive: true, force: true });
    },
  };
}

/** A pod's cgroup, made where kubelet would: its making is what kgtrace takes for the beginning of a birth. */
export function makePodGroup(uid: string): { readonly path: string; remove(): void } {
  const parent = `/kernel-gossip-test-${process.pid}`;
  const path = `${parent}/pod${uid}`;
  mkdirSync(cgroupDirectory('cpu', path), { recursive: true });
  return {
    path,
    remove: () => {
      // runc makes the group in each hierarchy, and removes only the container's own.
      for (const controller of hierarchies()) {
        for (const group of [path, parent]) {
          const directory = cgroupDirectory(controller, group);
          if (existsSync(directory)) rmdirSync(directory);
        }
      }
    },
  };
}

/** The names of version 1's hierarchies below the place where they are mounted. */
function hierarchies(): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  return [...mounts.matchAll(/^\S+ \/sys\/fs\/cgroup\/(\S+) cgroup2? /gm)].map(([, name = '']) => name);
}
