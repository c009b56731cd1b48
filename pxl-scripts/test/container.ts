import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgramOrThrow } from '../../e2e/src/cluster/built/programs.ts';
import { runOrThrow } from '../../e2e/src/command.ts';

interface Specification {
  readonly process: { terminal: boolean; args: readonly string[]; apparmorProfile?: string };
  readonly linux: { cgroupsPath?: string };
}

/** A container that is brought to life as containerd does it: made, then started, by two runs of runc. */
export interface Container {
  readonly id: string;
  create(): Promise<void>;
  start(): Promise<void>;
  /** Runs a program in it, as a probe of its health does. */
  exec(program: string): Promise<void>;
  remove(): Promise<void>;
}

export async function makeContainer(id: string, cgroupsPath: string): Promise<Container> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync(findProgramOrThrow('busybox'), join(bin, 'busybox'));
  for (const name of ['sleep', 'true']) symlinkSync('busybox', join(bin, name));
  const runc = (...args: readonly string[]): Promise<string> =>
    // The container inherits what runc has open, and so a pipe would be waited for until it ends.
    runOrThrow('sh', [
      '-c',
      'exec "$@" > /dev/null 2>&1',
      'sh',
      findProgramOrThrow('runc'),
      '--root',
      join(folder, 'state'),
      ...args,
    ]);
  await runOrThrow(findProgramOrThrow('runc'), ['spec', '--bundle', folder]);
  const path = join(folder, 'config.json');
  const specification = JSON.parse(readFileSync(path, 'utf8')) as Specification;
  specification.process.terminal = false;
  specification.process.args = ['/bin/sleep', '60'];
  delete specification.process.apparmorProfile;
  specification.linux.cgroupsPath = cgroupsPath;
  writeFileSync(path, JSON.stringify(specification));
  return {
    id,
    create: async () => {
      await runc('create', '--bundle', folder, id);
    },
    start: async () => {
      await runc('start', id);
    },
    exec: async (program) => {
      await runc('exec', id, program);
    },
    remove: async () => {
      await runc('delete', '--force', id);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
