import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { isRight } from 'fp-ts/lib/Either.js';
import { decode, KernelGossipError, KernelWhisperSpec } from 'kernel-gossip-types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../contract.ts';
import type { Draft, Store } from '../port.ts';
import { openSqliteStore } from './sqlite-store.ts';

const whisper = (name: string, percent = 85.5): Draft<'KernelWhisper'> => {
  const spec = decode(KernelWhisperSpec, {
    pod_name: name,
    namespace: 'shop',
    severity: 'critical',
    detected_at: '2026-03-15T10:30:00Z',
    throttled_percent: percent,
  });
  if (!isRight(spec)) throw new Error('the sample is wrong');
  return { metadata: { namespace: 'shop', name, labels: {}, ownerReferences: [] }, spec: spec.right };
};

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  path = join(folder, 'store', 'findings.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

storeContract('SQLite in memory', () => {
  const store = openSqliteStore('memory');
  return Promise.resolve({ store, namespace: 'contract', cleanup: () => store.close() });
});

storeContract(
  'SQLite in a file',
  () => {
    const own = mkdtempSync(join(tmpdir(), 'kernel-gossip-contract-'));
    const store = openSqliteStore({ path: join(own, 'findings.db') });
    return Promise.resolve({
      store,
      namespace: 'contract',
      cleanup: async () => {
        await store.close();
        rmSync(own, { recursive: true });
      },
    });
  },
  { runs: 20 },
);

const openingError = (): KernelGossipError => {
  try {
    void openSqliteStore({ path }).close();
  } catch (error) {
    if (error instanceof KernelGossipError) return error;
    throw error;
  }
  throw new Error('it opened');
};

const prepare = (): void => void openSqliteStore({ path }).close();

describe('a store file', () => {
  it('keeps objects, versions and the counter over a restart', async () => {
    const before = openSqliteStore({ path });
    const first = await before.apply('KernelWhisper', whisper('one'));
    await before.apply('KernelWhisper', whisper('two'));
    await before.delete('KernelWhisper', { namespace: 'shop', name: 'two' });
    await before.close();
    const after = openSqliteStore({ path });
    expect(await after.list('KernelWhisper')).toEqual([first]);
    const third = await after.apply('KernelWhisper', whisper('three'));
    expect(Number(third.metadata.resourceVersion)).toBe(4);
    await after.close();
  });

  it('commits what waits when it is closed', async () => {
    const store = openSqliteStore({ path });
    const pending = store.apply('KernelWhisper', whisper('one'));
    await store.close();
    await expect(pending).resolves.toMatchObject({ metadata: { name: 'one' } });
    await expect(store.ping()).rejects.toMatchObject({ code: 'KG_STORE_UNAVAILABLE' });
    const again = openSqliteStore({ path });
    expect(await again.list('KernelWhisper')).toHaveLength(1);
    await again.close();
  });

  it('commits the writes of one turn together', async () => {
    const store = openSqliteStore({ path });
    const wal = (): number => readFileSync(`${path}-wal`).length;
    const before = wal();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.apply('KernelWhisper', whisper(`o${index}`))),
    );
    const together = wal() - before;
    for (let index = 50; index < 100; index += 1) await store.apply('KernelWhisper', whisper(`o${index}`));
    expect(wal() - before - together).toBeGreaterThan(3 * together);
    await store.close();
  });

  it('tells followers after the commit and before the writer', async () => {
    const store = openSqliteStore({ path });
    const heard: string[] = [];
    const controller = new AbortController();
    const following = store.follow(
      'KernelWhisper',
      { replace: () => heard.push('replace'), change: ({ type }) => heard.push(type) },
      controller.signal,
    );
    await store.apply('KernelWhisper', whisper('one')).then(() => heard.push('written'));
    controller.abort();
    await following;
    await store.close();
    expect(heard).toEqual(['replace', 'ADDED', 'written']);
  });

  it('is held by one opener at a time', async () => {
    const store = openSqliteStore({ path });
    const error = openingError();
    expect(error.code).toBe('KG_STORE_UNAVAILABLE');
    expect(error.message).toContain(path);
    await store.close();
    prepare();
  });

  it('of something else is not touched', () => {
    prepare();
    writeFileSync(path, 'a letter, not a database. '.repeat(100));
    expect(openingError()).toMatchObject({ code: 'KG_CONFIG_INVALID' });
    expect(openingError().message).toMatch(/not an SQLite database/);
    expect(readFileSync(path, 'utf8')).toContain('a letter');
  });

  it('of another program is not touched', () => {
    prepare();
    rmSync(path);
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE theirs (a)');
    foreign.close();
    expect(openingError().message).toMatch(/belongs to another program/);
  });

  it('of a newer version is not touched', () => {
    prepare();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(openingError().message).toMatch(/newer version.*schema 99/);
  });

  it('that is damaged says so', async () => {
    const store = openSqliteStore({ path });
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => store.apply('KernelWhisper', whisper(`o${index}`))),
    );
    await store.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4096, 40_960);
    writeFileSync(path, bytes);
    expect(openingError().message).toMatch(/damaged/);
  });

  it('in a place that cannot be written says so', () => {
    writeFileSync(join(folder, 'store'), '');
    expect(openingError()).toMatchObject({ code: 'KG_CONFIG_INVALID' });
  });

  it('leaves out an object that a later version wrote, and tells', async () => {
    const before = openSqliteStore({ path });
    await before.apply('KernelWhisper', whisper('one'));
    await before.close();
    const database = new DatabaseSync(path);
    database.exec(`UPDATE object SET json = json_set(json, '$.spec.severity', 'catastrophic')`);
    database.close();
    const told: unknown[] = [];
    const store = openSqliteStore({ path }, { observer: { undecodable: (one) => told.push(one) } });
    expect(await store.list('KernelWhisper')).toEqual([]);
    await expect(store.get('KernelWhisper', { namespace: 'shop', name: 'one' })).rejects.toMatchObject({
      code: 'KG_STORE_INVALID',
    });
    expect(told).toMatchObject([{ kind: 'KernelWhisper', ref: { namespace: 'shop', name: 'one' } }]);
    await store.close();
  });
});

/** A process that writes for ever and prints the name of each acknowledged write. */
const writer = (): ReturnType<typeof spawn> => {
  const module = fileURLToPath(new URL('./sqlite-store.ts', import.meta.url));
  const sample = JSON.stringify(whisper('x'));
  const script = `
    import { openSqliteStore } from ${JSON.stringify(module)};
    const store = openSqliteStore({ path: ${JSON.stringify(path)} });
    const draft = ${sample};
    for (let index = 0; ; index += 1) {
      const name = 'w' + index;
      await store.apply('KernelWhisper', { ...draft, metadata: { ...draft.metadata, name } });
      process.stdout.write(name + '\\n');
    }`;
  return spawn(
    process.execPath,
    ['--conditions=@kernel-gossip/source', '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
};

describe('a store file of a killed process', () => {
  it(
    'has every acknowledged write, can be opened at once, and stderr stayed quiet',
    { timeout: 30_000 },
    async () => {
      const child = writer();
      let out = '';
      let complaints = '';
      child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
      await expect.poll(() => out.split('\n').length, { timeout: 20_000 }).toBeGreaterThan(50);
      expect(openingError().code).toBe('KG_STORE_UNAVAILABLE');
      child.kill('SIGKILL');
      await once(child, 'close');
      const acknowledged = out.split('\n').slice(0, -1);
      const store: Store = openSqliteStore({ path });
      const names = new Set((await store.list('KernelWhisper')).map(({ metadata }) => metadata.name));
      await store.close();
      expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
      expect(complaints).toBe('');
    },
  );
});
