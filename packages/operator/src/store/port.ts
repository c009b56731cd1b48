import type { Change, Kind, OwnerReference, Resources } from 'kernel-gossip-types';

/** What names an object of a kind. */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** The part of an object that intake writes: everything but its status. */
export interface Draft<K extends Kind> {
  readonly metadata: ObjectRef & {
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly OwnerReference[];
  };
  readonly spec: Resources[K]['spec'];
}

export type StatusOf<K extends Kind> = NonNullable<Resources[K]['status']>;

/**
 * Who writes a part of a status. Each writer always writes the same fields, all of them, and no field has two
 * writers, so that server-side apply never has a conflict to settle.
 */
export type FieldManager =
  | 'kernel-gossip-ledger'
  | 'kernel-gossip-assessor'
  | 'kernel-gossip-certifier'
  | 'kernel-gossip-measurer'
  | 'kernel-gossip-traffic'
  | 'kernel-gossip-metrics'
  | 'kernel-gossip-remedy'
  | 'kernel-gossip-grouper'
  | 'kernel-gossip-pixie';

export interface StatusPatch<K extends Kind> {
  readonly manager: FieldManager;
  readonly fields: Partial<StatusOf<K>>;
  /** When given, the write fails with `KG_STORE_CONFLICT` unless the object still has this version. */
  readonly resourceVersion?: string;
}

/** Receives what a store holds of one kind: first everything, then each change; everything again after a gap. */
export interface Follower<K extends Kind> {
  /** All objects there are; what was known before and is not among them is gone. */
  readonly replace: (objects: readonly Resources[K][]) => void;
  readonly change: (change: Change<Resources[K]>) => void;
}

/**
 * Where findings live. Two adapters, one contract (`contract.ts`): SQLite for one machine, Kubernetes for a cluster.
 *
 * Every method may throw `KernelGossipError` with `KG_STORE_UNAVAILABLE`, `KG_STORE_FORBIDDEN` or `KG_STORE_INVALID`.
 */
export interface Store {
  readonly name: 'sqlite' | 'kubernetes';

  /**
   * Creates the object or changes its labels, owners and spec. When this resolves, it survives a crash. What changes
   * nothing writes nothing, and followers hear nothing. Throws `KG_STORE_NOT_FOUND` where the namespace is not there.
   */
  apply<K extends Kind>(kind: K, draft: Draft<K>): Promise<Resources[K]>;

  /**
   * Sets fields of an object's status; fields of other managers stay. A manager names all of its fields each time, with
   * null for what it has nothing to say of: with server-side apply, a field that it leaves out is taken away.
   * Throws `KG_STORE_NOT_FOUND`, `KG_STORE_CONFLICT`.
   */
  applyStatus<K extends Kind>(kind: K, ref: ObjectRef, patch: StatusPatch<K>): Promise<Resources[K]>;

  /** The object as the store holds it now, or null. Throws `KG_STORE_INVALID` where it is not what its kind should be. */
  get<K extends Kind>(kind: K, ref: ObjectRef): Promise<Resources[K] | null>;

  /** All objects of a kind, in all namespaces or in one; without those that are not what their kind should be. */
  list<K extends Kind>(kind: K, namespace?: string): Promise<readonly Resources[K][]>;

  /** Deletes the object if it is there and, where a uid is given, still the same one. */
  delete(kind: Kind, ref: ObjectRef, uid?: string): Promise<void>;

  /** Tells the follower everything, then each change, through every failure, until the signal aborts; then resolves. */
  follow<K extends Kind>(kind: K, follower: Follower<K>, signal: AbortSignal): Promise<void>;

  /** Resolves when the store answers; throws `KG_STORE_UNAVAILABLE` when it does not. */
  ping(signal?: AbortSignal): Promise<void>;

  /** Lets go of files and connections. */
  close(): Promise<void>;
}
