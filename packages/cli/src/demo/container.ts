import { execFile, type ExecFileException } from 'node:child_process';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** As long as a container may take that does nothing. */
const WITHIN_MS = 10_000;
const MOST_OUTPUT = 64 * 1024;

/** What its program needs: it is this machine's own, lent read-only. */
const LENT = ['/bin', '/lib', '/lib64', '/usr'] as const;
const PROGRAM = '/bin/true';

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The smallest container that has namespaces of its own (OCI runtime specification 1.0, config.md). */
const configOf = (cgroup: string, lent: readonly string[]): object => ({
  ociVersion: '1.0.2',
  process: { args: [PROGRAM], cwd: '/', env: [], user: { uid: 0, gid: 0 }, noNewPrivileges: true },
  root: { path: 'rootfs', readonly: true },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    ...lent.map((path) => ({ destination: path, type: 'bind', source: path, options: ['rbind', 'ro'] })),
  ],
  linux: {
    cgroupsPath: `/${cgroup}`,
    namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
  },
});

const run = promisify(execFile);

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as ExecFileException & { readonly stderr?: string };
  if (code === 'ENOENT') return 'there is no runc here to start a container with.';
  const [line = ''] = (stderr ?? '').trim().split('\n').slice(-1);
  return `runc could not start a container: ${line === '' ? message : line}`;
}

/**
 * Lets runc start a container in the cgroup of this name, which does nothing and ends; nothing is left of it but what is in
 * `folder`. Answers null, or why there was none.
 */
export async function runContainer(
  folder: string,
  cgroup: string,
  signal: AbortSignal,
): Promise<string | null> {
  const bundle = join(folder, cgroup);
  const there = await Promise.all(LENT.map(exists));
  const lent = LENT.filter((_, index) => there[index]);
  await mkdir(join(bundle, 'rootfs'), { recursive: true });
  await writeFile(join(bundle, 'config.json'), JSON.stringify(configOf(cgroup, lent)));
  const runc = (...args: readonly string[]): Promise<unknown> =>
    run('runc', ['--root', join(folder, 'runc'), ...args], {
      timeout: WITHIN_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_OUTPUT,
    });
  try {
    signal.throwIfAborted();
    await runc('run', '--bundle', bundle, cgroup);
    return null;
  } catch (error) {
    await runc('delete', '--force', cgroup).catch(() => undefined);
    return reasonOf(error);
  }
}
