import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import { loadSqlite } from './load-sqlite.ts';

/** Where the store is kept: in a file, or in memory for tests and short demonstrations. */
export type SqliteLocation = { readonly path: string } | 'memory';

/** "KGos", by which the file says whose it is (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x4b476f73;

/**
 * What brings a file from one version of its schema to the next; `user_version` counts them. Only ever append:
 * files of every released version are about.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE object (
     kind TEXT NOT NULL,
     namespace TEXT NOT NULL,
     name TEXT NOT NULL,
     json TEXT NOT NULL,
     PRIMARY KEY (kind, namespace, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counter (
     name TEXT PRIMARY KEY,
     value INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO counter (name, value) VALUES ('resource_version', 0);`,
];

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** 0 where the error is not SQLite's. */
const resultCode = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : 0;

const describe = (location: SqliteLocation): string =>
  location === 'memory' ? 'the store in memory' : `the store file ${resolve(location.path)}`;

/** An error of opening, as one of ours that says what to do. */
const openingError = (location: SqliteLocation, error: unknown): KernelGossipError => {
  if (error instanceof KernelGossipError) return error;
  const where = describe(location);
  const options = { cause: error };
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new KernelGossipError(
        'KG_STORE_UNAVAILABLE',
        `Another process holds ${where}. Stop it, or give this one another file.`,
        options,
      );
    case SQLITE_NOTADB:
      return new KernelGossipError(
        'KG_CONFIG_INVALID',
        `What is at ${where} is not an SQLite database. Give another path, or move that file away.`,
        options,
      );
    case SQLITE_CORRUPT:
      return damaged(location, messageOf(error));
    default:
      return new KernelGossipError(
        'KG_CONFIG_INVALID',
        `Cannot open ${where}: ${messageOf(error)}. Check that the path can be written.`,
        options,
      );
  }
};

const damaged = (location: SqliteLocation, what: string): KernelGossipError =>
  new KernelGossipError(
    'KG_CONFIG_INVALID',
    `${describe(location)} is damaged (${what}). Move it away: a new one is made, and findings come back as they are seen again.`,
  );

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];

const checkOwner = (database: DatabaseSync, location: SqliteLocation): void => {
  const owner = pragma(database, 'application_id');
  if (owner === APPLICATION_ID) return;
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() ?? {};
  if (owner === 0 && tables === 0) return;
  throw new KernelGossipError(
    'KG_CONFIG_INVALID',
    `What is at ${describe(location)} belongs to another program. Give another path.`,
  );
};

const migrate = (database: DatabaseSync, location: SqliteLocation): void => {
  const version = Number(pragma(database, 'user_version'));
  if (version > MIGRATIONS.length) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      `${describe(location)} was made by a newer version of Kernel Gossip (schema ${version}, this one knows ${MIGRATIONS.length}). Use that version, or give another path.`,
    );
  }
  const problem = pragma(database, 'quick_check(1)');
  if (problem !== 'ok') throw damaged(location, String(problem));
  if (version === MIGRATIONS.length) return;
  database.exec(
    `BEGIN IMMEDIATE; ${MIGRATIONS.slice(version).join('\n')}
     PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`,
  );
};

/**
 * An open database of the current schema, held by this process alone.
 *
 * - `locking_mode = EXCLUSIVE` before the first access: one process at a time, by a lock of the operating system, so
 *   that it goes with the process however that ends; and no shared-memory file beside the database
 *   (https://www.sqlite.org/wal.html#noshm).
 * - `synchronous = FULL`: in WAL mode, NORMAL may lose the last commits with the power; FULL syncs each commit
 *   (https://www.sqlite.org/pragma.html#pragma_synchronous). About 0.3 ms a commit on a local SSD, and commits are grouped.
 * - no busy timeout: a lock that another process holds is held for as long as that process lives.
 */
export const openDatabase = (location: SqliteLocation): DatabaseSync => {
  let database: DatabaseSync | null = null;
  try {
    const { DatabaseSync } = loadSqlite();
    if (location !== 'memory') mkdirSync(dirname(resolve(location.path)), { recursive: true });
    database = new DatabaseSync(location === 'memory' ? ':memory:' : location.path, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    checkOwner(database, location);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    migrate(database, location);
    return database;
  } catch (error) {
    database?.close();
    throw openingError(location, error);
  }
};
