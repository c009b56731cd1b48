import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isKernelGossipError, KernelGossipError } from 'kernel-gossip-types';
import { deadline } from './deadline.ts';
import { pathOf, type KubeApi } from './kube-api.ts';
import { sleep } from './sleep.ts';

/** Told of the election. Its functions must not throw. */
export interface LeaseObserver {
  readonly elected?: () => void;
  /** Leadership was lost while it was wanted. */
  readonly onLost?: (why: string) => void;
  /** Who leads now, when that changed. */
  readonly leaderSeen?: (identity: string) => void;
  /** An attempt failed; it is made again. */
  readonly failed?: (error: unknown) => void;
}

/** All in milliseconds; those of client-go where not given. */
export interface LeaseTiming {
  /** How long others wait after the latest renewal that they saw before they take over. */
  readonly leaseDurationMs: number;
  /** How long a leader tries to renew before it gives up; less than the lease's duration. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

export const LEASE_TIMING: LeaseTiming = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2000,
};

export interface LeaseOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly name: string;
  /** Who we are; host name and a UUID where not given. */
  readonly identity?: string;
  readonly observer?: LeaseObserver;
  readonly timing?: Partial<LeaseTiming>;
}

interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

interface Lease {
  readonly metadata: object;
  readonly spec: LeaseSpec;
}

/** An attempt's outcome. `taken`: someone else holds it. `contended`: someone else wrote at the same time. */
type Attempt = 'held' | 'taken' | 'contended';

/** Leases take times with six digits only: `.123Z` is refused (kubernetes-client/javascript#828). */
export const microTime = (time: Date): string => time.toISOString().replace(/(\.\d{3})Z$/, '$1000Z');

/** As client-go's: so that replicas that began together do not stay in step. */
const JITTER = 1.2;

class Elector {
  readonly identity: string;
  readonly #options: LeaseOptions;
  readonly #timing: LeaseTiming;
  readonly #collection: string;
  readonly #path: string;
  /** The lease as it was last read or written. */
  #lease: Lease | null = null;
  /** When the lease was last seen to change, by our own clock: clocks of other hosts are never compared with ours. */
  #observedAt = 0;
  #observed = '';
  #leader: string | null = null;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timing = { ...LEASE_TIMING, ...options.timing };
    this.identity = options.identity ?? `${hostname()}_${randomUUID()}`;
    this.#collection = pathOf('apis', 'coordination.k8s.io', 'v1', 'namespaces', options.namespace, 'leases');
    this.#path = `${this.#collection}${pathOf(options.name)}`;
  }

  /** How long after the last moment of renewal nobody else takes over. */
  get marginMs(): number {
    return this.#timing.leaseDurationMs - this.#timing.renewDeadlineMs;
  }

  /** Resolves with true once the lease is ours, with false when the signal aborted before. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { retryPeriodMs, renewDeadlineMs } = this.#timing;
    while (!signal.aborted) {
      if ((await this.#try(renewDeadlineMs)) === 'held') return true;
      await sleep(retryPeriodMs * (1 + Math.random() * JITTER), signal);
    }
    return false;
  }

  /** Renews until told to stop; resolves with why the lease was lost, or null when it was not. */
  async keep(stop: AbortSignal): Promise<string | null> {
    const { retryPeriodMs, renewDeadlineMs } = this.#timing;
    // Counted from before the request: others count from when they see what it wrote, which is later.
    let renewedAt = performance.now();
    const left = (): number => renewDeadlineMs - (performance.now() - renewedAt);
    for (;;) {
      await sleep(Math.max(0, Math.min(retryPeriodMs, left())), stop);
      if (stop.aborted) return null;
      if (left() <= 0) return `the lease could not be renewed for ${renewDeadlineMs / 1000} s`;
      const begun = performance.now();
      const attempt = await this.#try(left());
      if (attempt === 'taken') return `${this.#leader ?? 'another replica'} has taken the lease`;
      if (attempt === 'held') renewedAt = begun;
    }
  }

  /** Gives the lease back, so that the next one need not wait. Best effort. */
  async release(): Promise<void> {
    if (this.#lease === null || this.#lease.spec.holderIdentity !== this.identity) return;
    const now = microTime(new Date());
    const { leaseTransitions } = this.#lease.spec;
    const until = deadline(this.#timing.renewDeadlineMs);
    try {
      await this.#write(
        'PUT',
        {
          metadata: this.#lease.metadata,
          spec: {
            holderIdentity: '',
            leaseDurationSeconds: 1,
            acquireTime: now,
            renewTime: now,
            leaseTransitions: leaseTransitions ?? 0,
          },
        },
        until.signal,
      );
    } catch (error) {
      this.#options.observer?.failed?.(error);
    } finally {
      until.release();
    }
  }

  /** One attempt, in that time as a whole; null when the API failed. */
  async #try(timeoutMs: number): Promise<Attempt | null> {
    const until = deadline(timeoutMs);
    try {
      const isOurs = this.#lease?.spec.holderIdentity === this.identity;
      // The holder writes what it knows; only when that is refused it reads again.
      if (isOurs && (await this.#take(until.signal)) === 'held') return 'held';
      return await this.#readAndTake(until.signal);
    } catch (error) {
      this.#options.observer?.failed?.(error);
      return null;
    } finally {
      until.release();
    }
  }

  async #readAndTake(signal: AbortSignal): Promise<Attempt> {
    this.#lease = await this.#read(signal);
    this.#observe();
    if (this.#lease !== null && this.#isHeldByAnother(this.#lease.spec)) return 'taken';
    return this.#take(signal);
  }

  async #read(signal: AbortSignal): Promise<Lease | null> {
    try {
      return leaseOf(await this.#options.api.request({ method: 'GET', path: this.#path, signal }));
    } catch (error) {
      if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) return null;
      throw error;
    }
  }

  #observe(): void {
    const seen = JSON.stringify(this.#lease?.spec ?? null);
    if (seen === this.#observed) return;
    this.#observed = seen;
    this.#observedAt = performance.now();
    const leader = this.#lease?.spec.holderIdentity ?? '';
    if (leader === this.#leader) return;
    this.#leader = leader;
    if (leader !== '') this.#options.observer?.leaderSeen?.(leader);
  }

  #isHeldByAnother({ holderIdentity, leaseDurationSeconds }: LeaseSpec): boolean {
    if (!holderIdentity || holderIdentity === this.identity) return false;
    const durationMs = (leaseDurationSeconds ?? 0) * 1000 || this.#timing.leaseDurationMs;
    return performance.now() - this.#observedAt < durationMs;
  }

  async #take(signal: AbortSignal): Promise<Attempt> {
    try {
      this.#lease = await this.#write(
        this.#lease === null ? 'POST' : 'PUT',
        { metadata: this.#metadata(), spec: this.#renewedSpec() },
        signal,
      );
      this.#observe();
      return 'held';
    } catch (error) {
      if (!isKernelGossipError(error, 'KG_STORE_CONFLICT', 'KG_STORE_NOT_FOUND')) throw error;
      return 'contended';
    }
  }

  #renewedSpec(): LeaseSpec {
    const before = this.#lease?.spec ?? {};
    const isOurs = before.holderIdentity === this.identity;
    const now = microTime(new Date());
    const transitions = before.leaseTransitions ?? 0;
    return {
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#timing.leaseDurationMs / 1000)),
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isOurs || this.#lease === null ? transitions : transitions + 1,
    };
  }

  #metadata(): object {
    const { namespace, name } = this.#options;
    return this.#lease?.metadata ?? { namespace, name };
  }

  /** Creates or replaces. The metadata carries the version that was read, so that a replacement of anything newer conflicts. */
  async #write(method: 'POST' | 'PUT', lease: Lease, signal: AbortSignal): Promise<Lease> {
    const answer = await this.#options.api.request({
      method,
      path: method === 'POST' ? this.#collection : this.#path,
      body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease },
      signal,
    });
    return leaseOf(answer);
  }
}

const leaseOf = (answer: unknown): Lease => {
  const { metadata, spec } = (answer ?? {}) as Partial<Lease>;
  return { metadata: metadata ?? {}, spec: spec ?? {} };
};

type Work = (signal: AbortSignal) => Promise<void>;

/**
 * Does the work while this replica holds the Lease, and only then.
 *
 * Waits for the lease, then calls `work` with a signal that aborts when `signal` does or when the lease is lost.
 * A lost lease is waited for again, and the work begun anew, once the work has ended. Resolves when the work has ended
 * by itself or the signal aborted; the lease is kept until the work has ended and then given back. Rejects with what
 * the work rejected with; or with `KG_STORE_UNAVAILABLE` when the work goes on after the lease was lost: the process
 * must end then, since another replica may begin.
 */
export const lead = async (options: LeaseOptions, work: Work, signal: AbortSignal): Promise<void> => {
  const elector = new Elector(options);
  while (await elector.acquire(signal)) {
    // Elected in the moment of being stopped: nothing was begun.
    if (signal.aborted) return elector.release();
    options.observer?.elected?.();
    if ((await serveTerm(elector, work, { options, signal })) === 'ended') return;
  }
};

interface Term {
  readonly options: LeaseOptions;
  readonly signal: AbortSignal;
}

/** One time of being the leader. */
const serveTerm = async (
  elector: Elector,
  work: Work,
  { options, signal }: Term,
): Promise<'ended' | 'lost'> => {
  const lost = new AbortController();
  const done = new AbortController();
  const begin = async (): Promise<void> => work(AbortSignal.any([signal, lost.signal]));
  const working = begin().finally(() => done.abort());
  // Awaited below; until then its failure must not count as unhandled.
  working.catch(() => undefined);
  const why = await elector.keep(done.signal);
  if (why === null) {
    try {
      await working;
    } finally {
      await elector.release();
    }
    return 'ended';
  }
  lost.abort();
  options.observer?.onLost?.(why);
  if (await endsWithin(working, elector.marginMs)) return 'lost';
  throw new KernelGossipError(
    'KG_STORE_UNAVAILABLE',
    `Leadership was lost: ${why}; and what only a leader may do did not end in time`,
  );
};

const endsWithin = async (working: Promise<void>, withinMs: number): Promise<boolean> => {
  const late = new AbortController();
  const ended = working.then(
    () => true,
    () => true,
  );
  const overdue = sleep(withinMs, late.signal).then(() => false);
  const inTime = await Promise.race([ended, overdue]);
  late.abort();
  return inTime;
};
