import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless } from '../../poll.ts';
import { say } from '../../say.ts';
import { systemPath } from './programs.ts';

export interface Daemon {
  readonly name: string;
  readonly pid: number;
  hasEnded(): boolean;
  /** As in a crash: harder on its clients than an orderly end, and without one to wait for. */
  kill(): Promise<void>;
}

export type StartDaemon = (name: string, command: readonly string[]) => Daemon;

const PROXIES = /^(https?|no|all)_proxy$/i;

export interface DaemonSurroundings {
  readonly runDirectory: string;
  /** Where a process writes its pid to join the run's cgroup. */
  readonly cgroupProcs: string;
  /** Aborted when the run is being removed: from then on a daemon's end is no news. */
  readonly ending: AbortSignal;
}

/** A starter of daemons that log below the run's directory and are born into the run's cgroup. */
export function daemonStarter(surroundings: DaemonSurroundings): StartDaemon {
  const logs = join(surroundings.runDirectory, 'logs');
  mkdirSync(logs, { recursive: true });
  return (name, command) => startDaemon(name, command, join(logs, `${name}.log`), surroundings);
}

function startDaemon(
  name: string,
  command: readonly string[],
  logPath: string,
  { cgroupProcs, ending }: DaemonSurroundings,
): Daemon {
  if (ending.aborted) throw new Hopeless(`not starting ${name}: the run is being removed`);
  const log = openSync(logPath, 'a');
  // The shell joins the cgroup and then becomes the daemon, so that no child of it can be born outside.
  const child = spawn('/bin/sh', ['-c', 'echo $$ > "$0" && exec "$@"', cgroupProcs, ...command], {
    stdio: ['ignore', log, log],
    env: daemonEnvironment(),
    cwd: '/',
  });
  closeSync(log);
  if (child.pid === undefined) throw new Error(`could not start ${name}`);
  let ended = false;
  let stopping = false;
  const end = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      ended = true;
      if (!stopping && !ending.aborted)
        say(`${name} ended by itself (${signal ?? code ?? ''}):\n${logTail(logPath)}`);
      resolve();
    });
  });
  return {
    name,
    pid: child.pid,
    hasEnded: () => ended,
    kill: async () => {
      stopping = true;
      child.kill('SIGKILL');
      await end;
    },
  };
}

export function logTail(logPath: string, lines = 15): string {
  return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** Without HTTP proxies: everything the daemons speak to is on this machine. */
function daemonEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !PROXIES.test(name));
  return { ...Object.fromEntries(kept), PATH: systemPath() };
}
