import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly url: string;
  /** Resident memory in bytes, after a collection of garbage. */
  rss(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * As k8s/operator/deployment.yaml runs the operator: V8's young generation grows to three times its default of this
 * when many whispers open at once, and is not given back.
 */
const DEPLOYED_FLAGS = ['--max-semi-space-size=16'];

const nextLine = async (lines: Interface): Promise<string> => ((await once(lines, 'line')) as [string])[0];

/** Runs a server of this folder in a process of its own, so that the load does not share its thread. */
export async function startChild(file: string, ...args: readonly string[]): Promise<Child> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--conditions=@kernel-gossip/source',
      ...DEPLOYED_FLAGS,
      '--expose-gc',
      fileURLToPath(new URL(file, import.meta.url)),
      ...args,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  if (child.stdout === null || child.stdin === null) throw new Error('the child has no pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout });
  const port = await nextLine(lines);
  return {
    url: `http://127.0.0.1:${port}/webhook/pixie`,
    rss: async () => {
      stdin.write('\n');
      return Number(await nextLine(lines));
    },
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
