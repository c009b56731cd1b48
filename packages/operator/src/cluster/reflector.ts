import { isKernelGossipError } from 'kernel-gossip-types';
import type { KubeApi, Query } from './kube-api.ts';
import { errorOfStatus, KubeError } from './kube-error.ts';
import { sleep } from './sleep.ts';

/** An object of a list or an event, taken from its JSON to what is worth keeping of it. */
export type Projected<T> = { readonly value: T } | { readonly faults: readonly string[] };

export interface ReflectedChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** The object as it is now; for DELETED, as it was last seen. */
  readonly object: T;
}

/** Is told what there is. Meant to be quick; when it throws, that is reported and the next change follows. */
export interface ReflectorHandler<T> {
  /** Called once, with everything; later lists come as changes. */
  readonly replace: (objects: readonly T[]) => void;
  readonly change: (change: ReflectedChange<T>) => void;
}

/** Watches the watcher: metrics and logs. Its functions must not throw. */
export interface ReflectorObserver {
  readonly listed?: (objects: number) => void;
  /** A watch came to its end. `gone`: the server forgot where it stood, and all is listed again. */
  readonly watched?: (result: 'ended' | 'failed' | 'gone') => void;
  /** From the end of one watch to the beginning of the next, in seconds. */
  readonly watchGap?: (seconds: number) => void;
  /** How many objects are kept now. */
  readonly items?: (count: number) => void;
  /** Something went wrong and is tried again after so many milliseconds. */
  readonly failed?: (error: unknown, retryInMs: number) => void;
  readonly undecodable?: (
    object: { readonly namespace: string; readonly name: string },
    faults: readonly string[],
  ) => void;
  readonly handlerFailed?: (error: unknown) => void;
}

/** All in milliseconds. */
export interface ReflectorTiming {
  /** How long the server is asked to keep a watch open; up to a quarter more, at random. */
  readonly watchMs: number;
  /** How much longer than that nothing may come before the connection counts as dead. */
  readonly idleSlackMs: number;
  /** After how long everything is listed anew, watch or no watch; up to a half more, at random. */
  readonly relistMs: number;
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
}

export const REFLECTOR_TIMING: ReflectorTiming = {
  watchMs: 240_000,
  idleSlackMs: 30_000,
  relistMs: 600_000,
  firstBackoffMs: 800,
  longestBackoffMs: 30_000,
};

export interface ReflectorOptions<T> {
  readonly api: KubeApi;
  /** The collection, like `/api/v1/pods`. */
  readonly path: string;
  /** labelSelector, fieldSelector. */
  readonly query?: Query;
  readonly pageSize?: number;
  /** Called for each object, listed or watched, before it is kept. Must not throw. */
  readonly project: (raw: unknown) => Projected<T>;
  readonly handler: ReflectorHandler<T>;
  readonly observer?: ReflectorObserver;
  readonly timing?: Partial<ReflectorTiming>;
  /** A number from 0 to 1, for jitter. */
  readonly random?: () => number;
}

interface Identity {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly namespace: string;
  readonly name: string;
}

interface Kept<T> {
  readonly resourceVersion: string;
  readonly object: T;
}

type Next = 'watch' | 'list';

const DEFAULT_PAGE = 500;
/** A watch that ends sooner, with nothing in it, is a failure: a proxy without patience, say. */
const SHORT_WATCH_MS = 1000;

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const child = (value: unknown, key: string): unknown => (isJson(value) ? value[key] : undefined);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const identityOf = (raw: unknown): Identity => {
  const metadata = child(raw, 'metadata');
  const [namespace, name] = [text(child(metadata, 'namespace')), text(child(metadata, 'name'))];
  return {
    uid: text(child(metadata, 'uid')) || `${namespace}/${name}`,
    resourceVersion: text(child(metadata, 'resourceVersion')),
    namespace,
    name,
  };
};

class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #timing: ReflectorTiming;
  readonly #random: () => number;
  readonly #observer: ReflectorObserver;
  readonly #signal: AbortSignal;
  /** By uid, so that an object made again under the same name is another one. */
  readonly #kept = new Map<string, Kept<T>>();
  #resourceVersion = '';
  #listedOnce = false;
  #relistAt = 0;
  #failures = 0;
  #watchEndedAt: number | null = null;

  constructor(options: ReflectorOptions<T>, signal: AbortSignal) {
    this.#options = options;
    this.#timing = { ...REFLECTOR_TIMING, ...options.timing };
    this.#random = options.random ?? Math.random;
    this.#observer = options.observer ?? {};
    this.#signal = signal;
  }

  async run(): Promise<void> {
    let next: Next = 'list';
    while (!this.#isStopped()) {
      try {
        if (next === 'list') await this.#list();
        next = await this.#watch();
      } catch (error) {
        if (this.#isStopped()) return;
        next = this.#afterFailure(error);
        await this.#backOff(error);
      }
    }
  }

  #isStopped(): boolean {
    return this.#signal.aborted;
  }

  #afterFailure(error: unknown): Next {
    const gone = isKernelGossipError(error, 'KG_STORE_EXPIRED');
    return gone || this.#resourceVersion === '' || performance.now() >= this.#relistAt ? 'list' : 'watch';
  }

  async #backOff(error: unknown): Promise<void> {
    const { firstBackoffMs, longestBackoffMs } = this.#timing;
    const expired = isKernelGossipError(error, 'KG_STORE_EXPIRED');
    // The first 410 is no failure, only news: list at once. Further ones in a row are.
    const exponent = this.#failures - (expired ? 1 : 0);
    this.#failures += 1;
    const grown = exponent < 0 ? 0 : Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(exponent, 16));
    const jittered = grown * (0.5 + this.#random() / 2);
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(jittered, Math.min(asked, longestBackoffMs));
    this.#observer.failed?.(error, pause);
    await sleep(pause, this.#signal);
  }

  async #list(): Promise<void> {
    this.#resourceVersion = '';
    const { items, resourceVersion } = await this.#listAll();
    const { relistMs } = this.#timing;
    this.#relistAt = performance.now() + relistMs * (1 + this.#random() / 2);
    this.#replace(items);
    this.#resourceVersion = resourceVersion;
    this.#observer.listed?.(items.size);
  }

  /** Page by page; once a page has expired, in one piece, as client-go does (tools/pager). */
  async #listAll(): Promise<{
    readonly items: ReadonlyMap<string, Kept<T>>;
    readonly resourceVersion: string;
  }> {
    const pageSize = this.#options.pageSize ?? DEFAULT_PAGE;
    const items = new Map<string, Kept<T>>();
    let paged = true;
    let token = '';
    for (;;) {
      try {
        const list = await this.#page({
          ...(paged ? { limit: pageSize } : {}),
          ...(token === '' ? {} : { continue: token }),
        });
        this.#keepPage(child(list, 'items'), items);
        const metadata = child(list, 'metadata');
        token = text(child(metadata, 'continue'));
        if (token === '') return { items, resourceVersion: text(child(metadata, 'resourceVersion')) };
      } catch (error) {
        if (token === '' || !isKernelGossipError(error, 'KG_STORE_EXPIRED')) throw error;
        items.clear();
        token = '';
        paged = false;
      }
    }
  }

  #page(query: Query): Promise<unknown> {
    const { api, path, query: selectors } = this.#options;
    return api.request({ method: 'GET', path, query: { ...selectors, ...query }, signal: this.#signal });
  }

  #keepPage(page: unknown, items: Map<string, Kept<T>>): void {
    if (!Array.isArray(page)) return;
    for (const raw of page as readonly unknown[]) {
      const { uid, resourceVersion } = identityOf(raw);
      const object = this.#project(raw);
      if (object !== null) items.set(uid, { resourceVersion, object });
    }
  }

  #replace(items: ReadonlyMap<string, Kept<T>>): void {
    if (this.#listedOnce) {
      // First what is gone: a name may have gone over to another uid.
      for (const uid of [...this.#kept.keys()]) if (!items.has(uid)) this.#drop(uid);
      for (const [uid, kept] of items) this.#set(uid, kept);
    } else {
      this.#listedOnce = true;
      for (const [uid, kept] of items) this.#kept.set(uid, kept);
      this.#tell(() => this.#options.handler.replace([...items.values()].map(({ object }) => object)));
    }
    this.#observer.items?.(this.#kept.size);
  }

  async #watch(): Promise<Next> {
    const relistIn = this.#relistAt - performance.now();
    if (relistIn <= 0) return 'list';
    const relist = new AbortController();
    const timer = setTimeout(() => relist.abort(), relistIn);
    const stop = (): void => relist.abort();
    this.#signal.addEventListener('abort', stop);
    try {
      await this.#watchUntil(relist.signal);
      this.#observer.watched?.('ended');
      return 'watch';
    } catch (error) {
      if (relist.signal.aborted) {
        this.#observer.watched?.('ended');
        return 'list';
      }
      this.#observer.watched?.(isKernelGossipError(error, 'KG_STORE_EXPIRED') ? 'gone' : 'failed');
      throw error;
    } finally {
      this.#watchEndedAt ??= performance.now();
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', stop);
    }
  }

  async #watchUntil(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { api, path, query } = this.#options;
    const { watchMs, idleSlackMs } = this.#timing;
    const lastsMs = watchMs * (1 + this.#random() / 4);
    const begun = performance.now();
    const events = await api.watch({
      path,
      query: {
        ...query,
        resourceVersion: this.#resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.max(1, Math.round(lastsMs / 1000)),
      },
      signal,
      idleMs: lastsMs + idleSlackMs,
    });
    this.#opened();
    let count = 0;
    for await (const event of events) {
      this.#take(event);
      count += 1;
      this.#failures = 0;
    }
    if (count === 0 && performance.now() - begun < SHORT_WATCH_MS)
      throw new Error(`WATCH ${path}: the server ended it at once`);
    this.#failures = 0;
  }

  #opened(): void {
    if (this.#watchEndedAt !== null)
      this.#observer.watchGap?.((performance.now() - this.#watchEndedAt) / 1000);
    this.#watchEndedAt = null;
  }

  #take(event: unknown): void {
    const [type, raw] = [child(event, 'type'), child(event, 'object')];
    if (type === 'ERROR') throw errorOfStatus(`WATCH ${this.#options.path}`, raw);
    const { uid, resourceVersion } = identityOf(raw);
    if (type === 'DELETED') this.#drop(uid, raw);
    else if (type === 'ADDED' || type === 'MODIFIED') this.#update(uid, resourceVersion, raw);
    if (resourceVersion !== '') this.#resourceVersion = resourceVersion;
    this.#observer.items?.(this.#kept.size);
  }

  #update(uid: string, resourceVersion: string, raw: unknown): void {
    const object = this.#project(raw);
    // What can no longer be understood is as good as gone; so a list would have it, too.
    if (object === null) this.#drop(uid);
    else this.#set(uid, { resourceVersion, object });
  }

  #set(uid: string, kept: Kept<T>): void {
    const before = this.#kept.get(uid);
    if (before?.resourceVersion === kept.resourceVersion) return;
    this.#kept.set(uid, kept);
    const type = before === undefined ? 'ADDED' : 'MODIFIED';
    this.#tell(() => this.#options.handler.change({ type, object: kept.object }));
  }

  /** The last state is told, where the server sent it; after a gap, the last one that was seen. */
  #drop(uid: string, raw?: unknown): void {
    const before = this.#kept.get(uid);
    if (before === undefined) return;
    this.#kept.delete(uid);
    const last = raw === undefined ? null : this.#project(raw);
    this.#tell(() => this.#options.handler.change({ type: 'DELETED', object: last ?? before.object }));
  }

  #project(raw: unknown): T | null {
    const projected = this.#options.project(raw);
    if ('value' in projected) return projected.value;
    const { namespace, name } = identityOf(raw);
    this.#observer.undecodable?.({ namespace, name }, projected.faults);
    return null;
  }

  #tell(tell: () => void): void {
    if (this.#signal.aborted) return;
    try {
      tell();
    } catch (error) {
      this.#observer.handlerFailed?.(error);
    }
  }
}

/**
 * Follows a collection of the API: lists it page by page, then watches it, through every failure, until the signal
 * aborts; then resolves. Never rejects.
 *
 * Objects are told apart by uid: one that was deleted and made again under the same name while no watch was open
 * comes as DELETED, then ADDED.
 */
export const reflect = <T>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> =>
  new Reflector(options, signal).run();
