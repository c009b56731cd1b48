import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lead, microTime, type LeaseObserver } from './lease.ts';
import { json, scriptedServer, status, type Reply, type ScriptedServer, type Seen } from './testing.ts';

interface StoredLease {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec: {
    readonly holderIdentity: string;
    readonly renewTime: string;
    readonly acquireTime: string;
    readonly leaseTransitions: number;
    readonly leaseDurationSeconds: number;
  };
}

/** A lease as an API server keeps it: created once, replaced only by who read its latest version. */
let stored: StoredLease | null = null;
let version = 0;
let broken: Reply | null = null;
let server: ScriptedServer;
const controllers: AbortController[] = [];
const running: Promise<unknown>[] = [];

const write = ({ method, body }: Seen): Reply => {
  const lease = body as StoredLease;
  const conflict =
    method === 'POST' ? stored !== null : lease.metadata.resourceVersion !== stored?.metadata.resourceVersion;
  if (conflict) return json(status(409, 'someone else was quicker', 'Conflict'), 409);
  version += 1;
  stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } };
  return json(stored);
};

beforeEach(async () => {
  stored = null;
  broken = null;
  server = await scriptedServer((seen) => {
    if (broken !== null) return broken;
    if (seen.method !== 'GET') return write(seen);
    return stored === null ? json(status(404, 'no lease', 'NotFound'), 404) : json(stored);
  });
});
afterEach(async () => {
  for (const controller of controllers.splice(0)) controller.abort();
  await Promise.allSettled(running.splice(0));
  await server.close();
});

interface Replica {
  readonly stop: () => void;
  readonly done: Promise<string>;
  readonly isLeading: () => boolean;
}

const replica = (identity: string, observer: LeaseObserver = {}): Replica => {
  const controller = new AbortController();
  controllers.push(controller);
  let leading = false;
  const done = lead(
    {
      api: server.api,
      namespace: 'kernel-gossip',
      name: 'operator',
      identity,
      observer,
      timing: { leaseDurationMs: 1000, renewDeadlineMs: 300, retryPeriodMs: 20 },
    },
    async (signal) => {
      leading = true;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      leading = false;
    },
    controller.signal,
  ).then(
    () => 'ended',
    (error: unknown) => String(error),
  );
  running.push(done);
  return { stop: () => controller.abort(), done, isLeading: () => leading };
};

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5000, interval: 5 });

describe('an election', () => {
  it('is won by one, who renews, and passes on at once when that one stops', async () => {
    const [a, b] = [replica('a'), replica('b')];
    await until(() => expect(a.isLeading() || b.isLeading()).toBe(true));
    const [leader, other] = a.isLeading() ? [a, b] : [b, a];
    const first = stored?.spec.renewTime;
    await until(() => expect(stored?.spec.renewTime).not.toBe(first));
    expect(other.isLeading()).toBe(false);
    const stopped = performance.now();
    leader.stop();
    expect(await leader.done).toBe('ended');
    await until(() => expect(other.isLeading()).toBe(true));
    expect(performance.now() - stopped).toBeLessThan(900);
    expect(stored?.spec.leaseTransitions).toBeGreaterThanOrEqual(1);
  });

  it('writes times with six digits, and as client-go does', async () => {
    const one = replica('a');
    await until(() => expect(one.isLeading()).toBe(true));
    expect(stored?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(stored?.spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(microTime(new Date(0))).toBe('1970-01-01T00:00:00.000000Z');
  });

  it('waits, by its own clock, for the lease of one who is gone', async () => {
    // What its clock said does not matter: this one is an hour ahead.
    const ahead = microTime(new Date(Date.now() + 3_600_000));
    stored = {
      metadata: { resourceVersion: '1' },
      spec: {
        holderIdentity: 'gone',
        renewTime: ahead,
        acquireTime: ahead,
        leaseTransitions: 3,
        leaseDurationSeconds: 1,
      },
    };
    version = 1;
    const begun = performance.now();
    const one = replica('a');
    await until(() => expect(one.isLeading()).toBe(true));
    expect(performance.now() - begun).toBeGreaterThan(950);
    expect(stored.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 4 });
  });

  it('is lost when the lease cannot be renewed in time', async () => {
    const onLost = vi.fn();
    const one = replica('a', { onLost });
    await until(() => expect(one.isLeading()).toBe(true));
    broken = json(status(503, 'away'), 503);
    await until(() => expect(one.isLeading()).toBe(false));
    expect(onLost).toHaveBeenCalledExactlyOnceWith('the lease could not be renewed for 0.3 s');
  });

  it('is won again when the API server is back', async () => {
    const one = replica('a');
    await until(() => expect(one.isLeading()).toBe(true));
    broken = json(status(503, 'away'), 503);
    await until(() => expect(one.isLeading()).toBe(false));
    broken = null;
    await until(() => expect(one.isLeading()).toBe(true));
    one.stop();
    expect(await one.done).toBe('ended');
  });

  it('that was lost while the work goes on is an error, so that the process ends', async () => {
    const attempt = lead(
      {
        api: server.api,
        namespace: 'kernel-gossip',
        name: 'operator',
        timing: { leaseDurationMs: 400, renewDeadlineMs: 300, retryPeriodMs: 20 },
      },
      () => {
        broken = json(status(503, 'away'), 503);
        return new Promise(() => undefined);
      },
      new AbortController().signal,
    );
    await expect(attempt).rejects.toThrow(/Leadership was lost: .*did not end in time/);
  });

  it('is lost in time when the API server hangs', async () => {
    const one = replica('a');
    await until(() => expect(one.isLeading()).toBe(true));
    const begun = performance.now();
    broken = () => undefined;
    await until(() => expect(one.isLeading()).toBe(false));
    // Before anyone else may take the lease over.
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it('is lost at once when another one has taken the lease', async () => {
    const onLost = vi.fn();
    const one = replica('a', { onLost });
    await until(() => expect(one.isLeading()).toBe(true));
    version += 1;
    stored = stored && {
      metadata: { resourceVersion: String(version) },
      spec: { ...stored.spec, holderIdentity: 'b' },
    };
    await until(() => expect(one.isLeading()).toBe(false));
    expect(onLost).toHaveBeenCalledExactlyOnceWith('b has taken the lease');
    expect(stored?.spec.holderIdentity).toBe('b');
  });

  it('survives a passing failure', async () => {
    const failed = vi.fn();
    const one = replica('a', { failed });
    await until(() => expect(one.isLeading()).toBe(true));
    broken = json(status(503, 'away'), 503);
    await until(() => expect(failed).toHaveBeenCalled());
    broken = null;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(one.isLeading()).toBe(true);
  });

  it('that was not won ends when told to', async () => {
    const now = microTime(new Date());
    stored = {
      metadata: { resourceVersion: '1' },
      spec: {
        holderIdentity: 'b',
        renewTime: now,
        acquireTime: now,
        leaseTransitions: 0,
        leaseDurationSeconds: 60,
      },
    };
    const one = replica('a');
    await until(() => expect(server.seen.length).toBeGreaterThan(0));
    one.stop();
    expect(await one.done).toBe('ended');
    expect(stored.spec.holderIdentity).toBe('b');
  });

  it('passes on the error of the work, and gives the lease back', async () => {
    const attempt = lead(
      { api: server.api, namespace: 'kernel-gossip', name: 'operator', timing: { retryPeriodMs: 20 } },
      () => Promise.reject(new Error('the work failed')),
      new AbortController().signal,
    );
    await expect(attempt).rejects.toThrow('the work failed');
    expect(stored?.spec.holderIdentity).toBe('');
  });
});
