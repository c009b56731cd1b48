import { readFileSync } from 'node:fs';

/** A pid alone may by now be another process; with its start time it cannot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Field 22 of /proc/PID/stat; the second field, the name in parentheses, may itself hold spaces and parentheses. */
export function startTimeIn(stat: string): string | undefined {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2);
  return afterName.split(' ')[22 - 3];
}

export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const startTime = startTimeIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return startTime === undefined ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}
