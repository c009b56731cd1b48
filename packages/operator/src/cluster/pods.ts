import { REMEDIATION_ANNOTATION } from 'kernel-gossip-types';
import { CONTAINER_LISTS, STATUSES } from './container-kind.ts';
import type { KubeApi } from './kube-api.ts';
import type { PodBirth, PodBirths } from './pod-births.ts';
import type { KnownPod, PodDirectory } from './pod-directory.ts';
import { laterTimes, podTimes, type PodTimes } from './pod-times.ts';
import { bareId, fieldOf, itemsOf, textOf } from './raw-fields.ts';
import {
  reflect,
  type Projected,
  type ReflectedChange,
  type ReflectorObserver,
  type ReflectorTiming,
} from './reflector.ts';
import { textsOf } from './text-map.ts';
import { workloadOf } from './workload.ts';

/** A pod of a cluster, with what it is found by. */
export interface PodEntry {
  readonly pod: KnownPod & { readonly uid: string };
  /** For a static pod, the hash of its configuration: its cgroup bears this one and not the UID of the API's object. */
  readonly configHash: string | null;
  readonly times: PodTimes;
}

export interface PodDirectoryOptions {
  readonly api: KubeApi;
  readonly observer?: ReflectorObserver;
  readonly timing?: Partial<ReflectorTiming>;
  /** How long a deleted pod is still known; 10 minutes where not given. */
  readonly keepDeletedMs?: number;
  /** How many deleted pods are still known; 10,000 where not given. */
  readonly maxDeleted?: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
}

const CONFIG_HASH = 'kubernetes.io/config.hash';
/** A container that crashes all the time has a new id each time; the latest ones are enough. */
const MOST_CONTAINER_IDS = 64;

/** The ids that one container had: the one before this one first. */
const idsOf = (status: unknown): readonly string[] =>
  [
    fieldOf(status, 'lastState', 'terminated', 'containerID'),
    fieldOf(status, 'state', 'terminated', 'containerID'),
    fieldOf(status, 'containerID'),
  ].flatMap((id) => bareId(id) ?? []);

const containersOf = (raw: unknown): ReadonlyMap<string, string> =>
  new Map(
    CONTAINER_LISTS.flatMap((list) => itemsOf(fieldOf(raw, 'status', STATUSES[list]))).flatMap((status) => {
      const name = textOf(fieldOf(status, 'name'));
      return name === null ? [] : idsOf(status).map((id) => [id, name] as const);
    }),
  );

/** Of a pod's JSON, the little that a directory needs. */
export const projectPod = (raw: unknown): Projected<PodEntry> => {
  const metadata = fieldOf(raw, 'metadata');
  const [namespace, name, uid] = ['namespace', 'name', 'uid'].map((key) => textOf(fieldOf(metadata, key)));
  if (!namespace || !name || !uid) return { faults: ['metadata: expected namespace, name and uid'] };
  return {
    value: {
      pod: {
        namespace,
        name,
        uid,
        nodeName: textOf(fieldOf(raw, 'spec', 'nodeName')),
        workload: workloadOf(metadata),
        remediation: textOf(fieldOf(metadata, 'annotations', REMEDIATION_ANNOTATION)),
        labels: textsOf(fieldOf(metadata, 'labels')),
        containers: containersOf(raw),
      },
      configHash: textOf(fieldOf(metadata, 'annotations', CONFIG_HASH)),
      times: podTimes(raw),
    },
  };
};

const nameKey = (namespace: string, name: string): string => `${namespace}/${name}`;

/** Ids that were known before stay, up to a number; the newest come last. */
const withOlderIds = (before: PodEntry | undefined, after: PodEntry): PodEntry => {
  if (before === undefined) return after;
  const older = [...before.pod.containers].filter(([id]) => !after.pod.containers.has(id));
  if (older.length === 0) return after;
  const room = Math.max(0, MOST_CONTAINER_IDS - after.pod.containers.size);
  const containers = new Map([...older.slice(Math.max(0, older.length - room)), ...after.pod.containers]);
  return { ...after, pod: { ...after.pod, containers } };
};

/** A pod with all that was seen of it before. */
interface Followed extends PodEntry {
  /** When it was seen to have come up or ended, by our clock; null while it is coming up. */
  readonly settledAt: number | null;
}

interface Deleted {
  readonly entry: Followed;
  readonly at: number;
}

/** The pods of a cluster, kept up to date by a watch. */
export class KubePodDirectory implements PodDirectory, PodBirths {
  readonly #options: PodDirectoryOptions;
  readonly #now: () => number;
  readonly #byUid = new Map<string, Followed>();
  readonly #byName = new Map<string, Followed>();
  readonly #uidByHash = new Map<string, string>();
  /** In the order of deletion. */
  readonly #deleted = new Map<string, Deleted>();
  readonly #listeners = new Set<(uid: string) => void>();
  readonly #synced = Promise.withResolvers<undefined>();
  #isSynced = false;

  constructor(options: PodDirectoryOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Whether every pod has been seen once; until then a pod that is not found may be there. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when every pod has been seen once. */
  get synced(): Promise<undefined> {
    return this.#synced.promise;
  }

  /** How many pods there are. */
  get size(): number {
    return this.#byUid.size;
  }

  byUid(uid: string): KnownPod | null {
    const key = this.#uidByHash.get(uid) ?? uid;
    return (this.#byUid.get(key) ?? this.#stillKnown(key))?.pod ?? null;
  }

  byName(namespace: string, name: string): KnownPod | null {
    return this.#byName.get(nameKey(namespace, name))?.pod ?? null;
  }

  birthOf(uid: string): PodBirth | null {
    const key = this.#uidByHash.get(uid) ?? uid;
    const standing = this.#byUid.get(key);
    const entry = standing ?? this.#stillKnown(key);
    if (entry === null) return null;
    return {
      pod: entry.pod,
      times: entry.times,
      settledForMs: entry.settledAt === null ? null : this.#now() - entry.settledAt,
      exists: standing !== undefined,
    };
  }

  unbornSeen(): readonly string[] {
    return [...this.#byUid].flatMap(([uid, { times }]) => (times.seenUnborn ? [uid] : []));
  }

  listen(listener: (uid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the cluster until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void> {
    const { api, observer = {}, timing = {} } = this.#options;
    return reflect(
      {
        api,
        path: '/api/v1/pods',
        project: projectPod,
        handler: {
          replace: (entries) => {
            for (const entry of entries) this.#set(entry);
            this.#isSynced = true;
            this.#synced.resolve(undefined);
          },
          change: (change) => this.#change(change),
        },
        observer,
        timing,
      },
      signal,
    );
  }

  #change({ type, object }: ReflectedChange<PodEntry>): void {
    if (type === 'DELETED') this.#delete(object);
    else this.#set(object);
  }

  #set(next: PodEntry): void {
    const { uid, namespace, name } = next.pod;
    const entry = this.#followed(next);
    this.#byUid.set(uid, entry);
    this.#byName.set(nameKey(namespace, name), entry);
    if (entry.configHash !== null) this.#uidByHash.set(entry.configHash, uid);
    this.#tell(entry);
  }

  #followed(next: PodEntry): Followed {
    const before = this.#byUid.get(next.pod.uid);
    const times = laterTimes(before?.times, next.times);
    const settledAt = before?.settledAt ?? (times.state === 'coming-up' ? null : this.#now());
    return { ...withOlderIds(before, next), times, settledAt };
  }

  #tell({ pod, times }: Followed): void {
    if (!times.seenUnborn) return;
    for (const listener of this.#listeners) listener(pod.uid);
  }

  #delete(last: PodEntry): void {
    const { uid, namespace, name } = last.pod;
    const entry = this.#followed(last);
    this.#byUid.delete(uid);
    if (this.#byName.get(nameKey(namespace, name))?.pod.uid === uid)
      this.#byName.delete(nameKey(namespace, name));
    this.#deleted.set(uid, { entry, at: this.#now() });
    this.#forgetOld();
    this.#tell(entry);
  }

  #stillKnown(uid: string): Followed | null {
    const deleted = this.#deleted.get(uid);
    return deleted === undefined || this.#isOld(deleted) ? null : deleted.entry;
  }

  #isOld({ at }: Deleted): boolean {
    return this.#now() - at >= (this.#options.keepDeletedMs ?? 600_000);
  }

  #forgetOld(): void {
    const most = this.#options.maxDeleted ?? 10_000;
    for (const [uid, deleted] of this.#deleted) {
      if (this.#deleted.size <= most && !this.#isOld(deleted)) return;
      this.#deleted.delete(uid);
      const hash = deleted.entry.configHash;
      // A mirror pod that is made again has the same hash and another UID.
      if (hash !== null && this.#uidByHash.get(hash) === uid) this.#uidByHash.delete(hash);
    }
  }
}
