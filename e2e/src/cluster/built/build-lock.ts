import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

/** Does the work while holding a lock file; one whose holder is dead is taken over. */
export async function withLock<T>(lockPath: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  while (!tryLock(lockPath)) {
    onWait();
    await delay(2000);
  }
  try {
    return await work();
  } finally {
    rmSync(lockPath, { force: true });
  }
}

function tryLock(lockPath: string): boolean {
  const own = `${lockPath}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    // link() makes the lock appear with its content in one step, so that nobody reads an empty one.
    linkSync(own, lockPath);
    return true;
  } catch {
    if (!holderIsAlive(lockPath)) rmSync(lockPath, { force: true });
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderIsAlive(lockPath: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(lockPath, 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
