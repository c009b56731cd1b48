import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { REPOSITORY } from './install.ts';

/** A running program of ours. */
export interface Program {
  readonly pid: number;
  /** What it logged so far, a line each. */
  readonly log: readonly string[];
  /** Resolves with the first line, past or to come, that matches; rejects when the program ends before. */
  line(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Ends it and waits until it is gone. */
  stop(name?: NodeJS.Signals): Promise<number | null>;
}

/** Starts one of the repository's programs the way a user does, by its bin file. */
export function startProgram(bin: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child: ChildProcess = spawn(process.execPath, [join(REPOSITORY, bin), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: string[] = [];
  const waiting = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.push(line);
      for (const look of waiting) look(line);
    });
  }
  const ended = once(child, 'exit');
  return {
    pid: child.pid ?? 0,
    log,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (line: string): void => {
          if (!pattern.test(line)) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        void ended.then(() => {
          reject(new Error(`${bin} ended before it said ${String(pattern)}:\n${log.join('\n')}`));
        });
        log.forEach(look);
      }),
    signal: (name) => {
      child.kill(name);
    },
    stop: async (name = 'SIGTERM') => {
      child.kill(name);
      await ended;
      return child.exitCode;
    },
  };
}
