import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CPU = '/sys/fs/cgroup/cpu';
const MEMORY = '/sys/fs/cgroup/memory';

/** A real group of version 1's memory and cpu controllers, made for one test, in which processes really run. */
export interface MemoryGroup {
  /** Path below the hierarchies. */
  readonly path: string;
  setLimit(bytes: number): void;
  /** A shell that lives in the group. */
  shell(): Shell;
  read(file: string): string;
  oomKills(): number;
  /** Removes the group, which must be empty, and those above it that are. */
  remove(): Promise<void>;
}

/** A process that lives in a group and does there what it is told. */
export interface Shell {
  /** Has a child allocate and touch this much memory, and hold it: answers how the child ended, when it did. */
  allocate(mib: number, holdSeconds: number): Promise<number>;
  readonly isAlive: boolean;
  end(): Promise<void>;
}

/** Why no such group can be made here, or null where one can. */
export function whyNoMemoryGroups(): string | null {
  try {
    const probe = `/kernel-gossip-test-${process.pid}-memory-probe`;
    readFileSync(`${MEMORY}/memory.usage_in_bytes`);
    for (const root of [CPU, MEMORY]) {
      mkdirSync(`${root}${probe}`);
      rmdirSync(`${root}${probe}`);
    }
    return null;
  } catch (error) {
    return String(error);
  }
}

/** Fills memory page by page, with nothing that the kernel could drop. */
const FILLER =
  'const held = []; for (let mib = 0; mib < Number(process.argv[1]); mib += 1) held.push(Buffer.alloc(1 << 20, 1)); setTimeout(() => held, Number(process.argv[2]) * 1000);';

function startShell(path: string): Shell {
  const script = `for c in ${CPU} ${MEMORY}; do echo $$ > $c${path}/cgroup.procs; done
    while read -r mib seconds; do "$0" -e "$1" "$mib" "$seconds" 2>/dev/null; echo $?; done`;
  const child = spawn('sh', ['-c', script, process.execPath, FILLER], { stdio: ['pipe', 'pipe', 'ignore'] });
  const answers: ((code: number) => void)[] = [];
  child.stdout.on('data', (data: Buffer) => {
    for (const line of data.toString().trim().split('\n')) answers.shift()?.(Number(line));
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    allocate: (mib, holdSeconds) =>
      new Promise((resolve) => {
        answers.push(resolve);
        child.stdin.write(`${mib} ${holdSeconds}\n`);
      }),
    get isAlive() {
      return child.exitCode === null && child.signalCode === null;
    },
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Removes a directory as soon as the kernel lets go of the tasks that were in it. */
async function removeSoon(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return;
      await sleep(25);
    }
  }
}

/** Makes the group at `path` and those above it, all of which are the test's own. */
export function makeMemoryGroup(path: string): MemoryGroup {
  for (const root of [CPU, MEMORY]) mkdirSync(`${root}${path}`, { recursive: true });
  const read = (file: string): string => readFileSync(`${MEMORY}${path}/${file}`, 'utf8');
  return {
    path,
    read,
    setLimit: (bytes) => writeFileSync(`${MEMORY}${path}/memory.limit_in_bytes`, String(bytes)),
    shell: () => startShell(path),
    oomKills: () => Number(/^oom_kill (\d+)$/m.exec(read('memory.oom_control'))?.[1]),
    async remove() {
      for (let above = path; above !== ''; above = above.slice(0, above.lastIndexOf('/')))
        for (const root of [CPU, MEMORY]) await removeSoon(`${root}${above}`);
    },
  };
}
