import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  isKernelGossipError,
  KernelGossipError,
  messageOf,
  type Kind,
  type Resources,
} from 'kernel-gossip-types';
import { decodeResource, decodeResourceOrThrow, type StoreObserver } from '../decode-resource.ts';
import type { Draft, Follower, ObjectRef, StatusPatch, Store } from '../port.ts';
import { openDatabase, type SqliteLocation } from './database.ts';
import { Followers, type KindChange } from './followers.ts';
import { withDraft, withStatus, type Stamp } from './object-writer.ts';
import { WriteQueue } from './write-queue.ts';

export interface SqliteStoreOptions {
  readonly observer?: StoreObserver;
  /** The wall clock, for creation timestamps. */
  readonly now?: () => Date;
}

interface Statements {
  readonly get: StatementSync;
  readonly list: StatementSync;
  readonly listNamespace: StatementSync;
  readonly put: StatementSync;
  readonly delete: StatementSync;
  readonly getVersion: StatementSync;
  readonly setVersion: StatementSync;
}

const prepare = (database: DatabaseSync): Statements => ({
  get: database.prepare('SELECT json FROM object WHERE kind = ? AND namespace = ? AND name = ?'),
  list: database.prepare('SELECT namespace, name, json FROM object WHERE kind = ? ORDER BY namespace, name'),
  listNamespace: database.prepare(
    'SELECT namespace, name, json FROM object WHERE kind = ? AND namespace = ? ORDER BY name',
  ),
  put: database.prepare(
    `INSERT INTO object (kind, namespace, name, json) VALUES (?, ?, ?, ?)
     ON CONFLICT (kind, namespace, name) DO UPDATE SET json = excluded.json`,
  ),
  delete: database.prepare('DELETE FROM object WHERE kind = ? AND namespace = ? AND name = ?'),
  getVersion: database.prepare(`SELECT value FROM counter WHERE name = 'resource_version'`),
  setVersion: database.prepare(`UPDATE counter SET value = ? WHERE name = 'resource_version'`),
});

class SqliteStore implements Store {
  readonly name = 'sqlite';
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #observer: StoreObserver;
  readonly #now: () => Date;
  readonly #followers: Followers;
  readonly #queue: WriteQueue;
  /** What the open transaction changed so far, in order. */
  #changes: KindChange[] = [];
  /** The version of the latest write; written to the file with each transaction, so that it never goes back. */
  #version: number;
  #committedVersion: number;
  #closed = false;

  constructor(database: DatabaseSync, { observer = {}, now = () => new Date() }: SqliteStoreOptions) {
    this.#database = database;
    this.#statements = prepare(database);
    this.#observer = observer;
    this.#now = now;
    this.#followers = new Followers(observer);
    this.#version = Number(this.#statements.getVersion.get()?.value);
    this.#committedVersion = this.#version;
    this.#queue = new WriteQueue({
      begin: () => this.#database.exec('BEGIN IMMEDIATE'),
      commit: () => this.#commit(),
      rollback: () => this.#rollback(),
      committed: () => this.#publish(),
      isOwnFault: (error) => isKernelGossipError(error),
    });
  }

  apply<K extends Kind>(kind: K, draft: Draft<K>): Promise<Resources[K]> {
    return this.#write(() => {
      const before = this.#read(kind, draft.metadata);
      const after = withDraft(kind, draft, before, this.#nextStamp());
      return after === before ? after : this.#put(kind, before === null ? 'ADDED' : 'MODIFIED', after);
    });
  }

  applyStatus<K extends Kind>(kind: K, ref: ObjectRef, patch: StatusPatch<K>): Promise<Resources[K]> {
    return this.#write(() => {
      const before = this.#read(kind, ref);
      if (before === null) {
        throw new KernelGossipError('KG_STORE_NOT_FOUND', `There is no ${kind} ${ref.namespace}/${ref.name}`);
      }
      const after = withStatus(kind, patch, before, this.#nextStamp());
      return after === before ? after : this.#put(kind, 'MODIFIED', after);
    });
  }

  get<K extends Kind>(kind: K, ref: ObjectRef): Promise<Resources[K] | null> {
    return this.#answer(() => this.#read(kind, ref));
  }

  list<K extends Kind>(kind: K, namespace?: string): Promise<readonly Resources[K][]> {
    return this.#answer(() => this.#readAll(kind, namespace));
  }

  delete(kind: Kind, ref: ObjectRef, uid?: string): Promise<void> {
    return this.#write(() => {
      const before = this.#read(kind, ref);
      if (before === null || (uid !== undefined && before.metadata.uid !== uid)) return;
      this.#statements.delete.run(kind, ref.namespace, ref.name);
      // As in Kubernetes, an object that went carries the version of its deletion.
      const { resourceVersion } = this.#nextStamp();
      this.#record(kind, 'DELETED', { ...before, metadata: { ...before.metadata, resourceVersion } });
    });
  }

  follow<K extends Kind>(kind: K, follower: Follower<K>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return this.#answer(() => this.#followers.add(kind, follower, this.#readAll(kind), signal));
  }

  ping(): Promise<void> {
    return this.#answer(() => void this.#statements.getVersion.get());
  }

  /** Commits what waits, then closes the file. Whatever is asked of the store afterwards fails. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return this.#answer(() => {
      this.#queue.flush();
      this.#closed = true;
      this.#followers.endAll();
      this.#database.close();
    });
  }

  #nextStamp(): Stamp {
    return { resourceVersion: String(this.#version + 1), now: this.#now() };
  }

  #put<K extends Kind>(kind: K, type: 'ADDED' | 'MODIFIED', object: Resources[K]): Resources[K] {
    const { namespace, name } = object.metadata;
    this.#statements.put.run(kind, namespace, name, JSON.stringify(object));
    this.#record(kind, type, object);
    return object;
  }

  #record<K extends Kind>(kind: K, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Resources[K]): void {
    this.#version += 1;
    this.#changes.push({ kind, change: { type, object } });
  }

  #commit(): void {
    if (this.#version !== this.#committedVersion) this.#statements.setVersion.run(this.#version);
    this.#database.exec('COMMIT');
    this.#committedVersion = this.#version;
  }

  #rollback(): void {
    this.#version = this.#committedVersion;
    this.#changes = [];
    // A full disk or a failed read makes SQLite roll back by itself (https://www.sqlite.org/lang_transaction.html).
    if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  #publish(): void {
    const changes = this.#changes;
    this.#changes = [];
    this.#followers.publish(changes);
  }

  #read<K extends Kind>(kind: K, { namespace, name }: ObjectRef): Resources[K] | null {
    const row = this.#statements.get.get(kind, namespace, name);
    return row === undefined
      ? null
      : decodeResourceOrThrow(kind, { namespace, name }, JSON.parse(String(row.json)));
  }

  #readAll<K extends Kind>(kind: K, namespace?: string): readonly Resources[K][] {
    const { list, listNamespace } = this.#statements;
    const rows = namespace === undefined ? list.all(kind) : listNamespace.all(kind, namespace);
    return rows.flatMap((row) => {
      const decoded = decodeResource(kind, JSON.parse(String(row.json)));
      if ('value' in decoded) return [decoded.value];
      const ref = { namespace: String(row.namespace), name: String(row.name) };
      this.#observer.undecodable?.({ kind, ref, faults: decoded.faults });
      return [];
    });
  }

  async #write<A>(run: () => A): Promise<A> {
    this.#checkOpen();
    try {
      return await this.#queue.write(run);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async #answer<A>(run: () => A | Promise<A>): Promise<A> {
    this.#checkOpen();
    try {
      return await run();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new KernelGossipError('KG_STORE_UNAVAILABLE', 'The store is closed');
  }
}

const asStoreError = (error: unknown): KernelGossipError =>
  isKernelGossipError(error)
    ? error
    : new KernelGossipError('KG_STORE_UNAVAILABLE', `The SQLite store failed: ${messageOf(error)}`, {
        cause: error,
      });

/**
 * Opens the store of one machine. A file is made where there is none; one process at a time can hold it.
 *
 * A write that was acknowledged survives a crash and the loss of power. Writes asked for in one turn of the event
 * loop are committed together.
 *
 * @throws KernelGossipError `KG_STORE_UNAVAILABLE` when another process holds the file; `KG_CONFIG_INVALID` when the
 * path cannot be used or holds something else, something damaged, or a store of a newer version.
 */
export const openSqliteStore = (location: SqliteLocation, options: SqliteStoreOptions = {}): Store =>
  new SqliteStore(openDatabase(location), options);
