import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { isLoadMessage, type LoadPlan } from './load-messages.ts';

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const READY_WITHIN_MS = 10_000;

/** A real child process that works in bursts and tells how long each took. */
export class BurstyLoad {
  readonly #child: ChildProcess;
  #latencies: number[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      if (isLoadMessage(message) && message.type === 'burst') this.#latencies.push(message.latencyMs);
    });
  }

  /** Starts the process and lets it measure its work while nothing holds it back; it begins when it is told to. */
  static async start(plan: LoadPlan, signal: AbortSignal): Promise<BurstyLoad> {
    const child = fork(new URL(`./load-process${extension}`, import.meta.url), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      child.send(plan);
      await once(child, 'message', {
        signal: AbortSignal.any([signal, AbortSignal.timeout(READY_WITHIN_MS)]),
      });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return new BurstyLoad(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  begin(): void {
    this.#child.send('begin');
  }

  /** How long the bursts took that ended since this was last asked. */
  takeLatencies(): readonly number[] {
    const taken = this.#latencies;
    this.#latencies = [];
    return taken;
  }

  killNow(): void {
    this.#child.kill('SIGKILL');
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.killNow();
    await exited;
  }
}
