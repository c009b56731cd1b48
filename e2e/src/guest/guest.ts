import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensurePackages, findProgram, findProgramOrThrow } from '../cluster/built/programs.ts';
import { cpio, type CpioEntry } from './cpio.ts';
import { guestKernel } from './kernel.ts';
import { GUEST_REPOSITORY } from './sources.ts';
import { INIT, startScript } from './start.ts';
import { programEntries } from './system.ts';

export interface GuestRun {
  /** The program to be run by Node, by its path in the repository; it must be among `entries`. */
  readonly program: string;
  /** What the guest has beside busybox, runc and Node. */
  readonly entries: readonly CpioEntry[];
  /** How long it may take from power on to power off, in seconds. */
  readonly timeoutSeconds: number;
}

const QEMU = 'qemu-system-x86_64';
/** What timeout(1) answers where it sent SIGKILL. */
const KILLED = 137;
/** The end of the console is what tells why a guest failed. */
const CONSOLE_TAIL = 6000;

/**
 * Boots a machine with two emulated processors, a kernel of Debian and cgroup version 2, runs one program there and
 * returns the JSON that it wrote to file descriptor 3. It is emulated, so that it needs no right and no processor
 * feature; lengths of time mean nothing there, counters do.
 *
 * Throws what is missing where it cannot be booted, and the console's text where the program fails.
 */
export async function runInGuest({ program, entries, timeoutSeconds }: GuestRun): Promise<unknown> {
  await ensureGuestPrograms();
  const kernel = await guestKernel();
  const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-guest-'));
  try {
    const start = startScript(`/${join(GUEST_REPOSITORY, program)}`, timeoutSeconds);
    const root = withParents([...(await systemEntries()), ...filesOfStart(start), ...entries]);
    writeFileSync(join(directory, 'root.cpio'), Buffer.concat(cpio(root)));
    await boot(kernel, directory, timeoutSeconds);
    return resultIn(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ensureGuestPrograms(): Promise<void> {
  if (process.arch !== 'x64') throw new Error(`the guest is made for x64 machines, not for ${process.arch}`);
  const needed = { [QEMU]: 'qemu-system-x86', busybox: 'busybox-static', runc: 'runc' };
  const missing = Object.entries(needed).filter(([program]) => findProgram(program) === undefined);
  await ensurePackages(
    missing.map(([, name]) => name),
    'a guest with cgroup version 2',
  );
}

const systemEntries = async (): Promise<readonly CpioEntry[]> => [
  ...(await programEntries(findProgramOrThrow('busybox'), 'bin/busybox')),
  ...(await programEntries(findProgramOrThrow('runc'), 'bin/runc')),
  ...(await programEntries(process.execPath, 'bin/node')),
];

const filesOfStart = (start: string): readonly CpioEntry[] => [
  { type: 'file', path: 'init', content: Buffer.from(INIT), mode: 0o755 },
  { type: 'file', path: 'start', content: Buffer.from(start) },
];

/** The kernel makes no directory by itself. What several programs bring, such as the C library, is taken once. */
function withParents(entries: readonly CpioEntry[]): readonly CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  const addDirectory = (path: string): void => {
    if (path === '.' || byPath.has(path)) return;
    addDirectory(dirname(path));
    byPath.set(path, { type: 'directory', path });
  };
  for (const entry of entries) {
    addDirectory(dirname(entry.path));
    byPath.set(entry.path, entry);
  }
  return [...byPath.values()];
}

/**
 * One thread emulates both processors: with a thread for each, loading an eBPF program has stopped both for ever (QEMU 7.2,
 * Linux 6.1). Neither /dev/kvm nor a disk nor a network is used; a kernel that panics ends the machine, since it may
 * not reboot.
 */
async function boot(kernel: string, directory: string, timeoutSeconds: number): Promise<void> {
  const machine = ['-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '2', '-m', '2048'];
  const bare = ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'];
  const serial = ['console', 'result'].flatMap((name) => ['-serial', `file:${join(directory, name)}`]);
  const image = ['-kernel', kernel, '-initrd', join(directory, 'root.cpio')];
  const append = ['-append', 'console=ttyS0 quiet panic=-1 psi=1'];
  // timeout(1) ends the machine also where this process is killed and a stuck kernel would never turn it off.
  const limit = ['--signal=KILL', String(timeoutSeconds), findProgramOrThrow(QEMU)];
  const qemu = spawn('timeout', [...limit, ...machine, ...bare, ...serial, ...image, ...append], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  qemu.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(qemu, 'close')) as [number | null];
  if (code === null || code === KILLED)
    throw new Error(`the guest was not done after ${timeoutSeconds} s:\n${consoleOf(directory)}`);
  if (code !== 0) throw new Error(`${QEMU} failed with ${code}: ${said}`);
}

function resultIn(directory: string): unknown {
  const [, result, code] =
    /^(.*)\nexit (\d+)\n$/s.exec(readFileSync(join(directory, 'result'), 'utf8')) ?? [];
  if (result === undefined || code !== '0')
    throw new Error(`the guest's program failed (${code ?? 'no exit'}):\n${consoleOf(directory)}`);
  return JSON.parse(result);
}

const consoleOf = (directory: string): string =>
  readFileSync(join(directory, 'console'), 'utf8').slice(-CONSOLE_TAIL);
