import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decode, PodCreation } from 'kernel-gossip-types';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { CertificateLedger } from './certificate-ledger.ts';
import type { Evidence } from './evidence.ts';

const POD = { namespace: 'shop', name: 'web-1', uid: '0123abcd-0000-4000-8000-000000000001' };

const evidence = (containers: number): Evidence<PodCreation> => {
  const result = decode(PodCreation, {
    type: 'pod_creation',
    pod_uid: POD.uid,
    timestamp: `2026-01-01T00:00:0${containers}Z`,
    began_at: '2026-01-01T00:00:00Z',
    containers: Array.from({ length: containers }, (_, index) => ({
      container_id: String(index).repeat(64),
      began_at: `2026-01-01T00:00:0${index}Z`,
    })),
  });
  if (!isRight(result)) throw new Error('the sample is wrong');
  return {
    observation: result.right,
    pod: { ...POD, workload: null },
    container: null,
    source: 'kgtrace',
    nodeName: 'n1',
    receivedAtMs: 0,
  };
};

/** A ledger on a real store in memory, whose writes are counted and may be held up; `follow` may come late. */
const ledgerOn = (followed: boolean) => {
  const store = openSqliteStore('memory');
  const index = new ObjectIndex('PodBirthCertificate');
  const following = new AbortController();
  if (followed) void index.follow(store, following.signal);
  const counted = { writes: 0, held: Promise.resolve() };
  const apply: Store['apply'] = async (kind, draft) => {
    counted.writes += 1;
    await counted.held;
    return store.apply(kind, draft);
  };
  onTestFinished(async () => {
    following.abort();
    await store.close();
  });
  return { store, counted, ledger: new CertificateLedger({ ...store, apply }, index, 10) };
};

describe('the ledger of births', () => {
  it('writes what came during a write with the next one, and answers each when it is stored', async () => {
    const { ledger, counted, store } = ledgerOn(true);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    counted.held = promise.then(() => undefined);
    const all = [1, 2, 3, 4].map((containers) => ledger.record(evidence(containers)));
    // So that the first write has begun.
    await Promise.resolve();
    const later = [5, 6, 7].map((containers) => ledger.record(evidence(containers)));
    resolve(undefined);
    expect(await Promise.all([...all, ...later])).toEqual(Array.from({ length: 7 }, () => 'transition'));
    expect(counted.writes).toBe(2);
    const [filed] = await store.list('PodBirthCertificate');
    expect(filed?.spec.containers).toHaveLength(7);
  });

  it('knows what it wrote although nobody has told it yet', async () => {
    const { ledger, counted, store } = ledgerOn(false);
    expect(await ledger.record(evidence(3))).toBe('transition');
    expect(await ledger.record(evidence(2))).toBe('repeat');
    expect(counted.writes).toBe(1);
    expect(ledger.find(POD)?.containers).toHaveLength(3);
    const [filed] = await store.list('PodBirthCertificate');
    expect(filed?.spec.containers).toHaveLength(3);
  });

  it('takes what comes under the same name for another birth where there are no UIDs', async () => {
    const { ledger } = ledgerOn(true);
    const pod = { ...POD, uid: null, workload: null };
    await ledger.record({ ...evidence(3), pod });
    await ledger.record({ ...evidence(1), pod });
    expect(ledger.find(pod)?.containers).toHaveLength(1);
  });

  it('goes on after a write that failed', async () => {
    const { ledger, counted } = ledgerOn(true);
    counted.held = Promise.reject(new Error('away'));
    await expect(ledger.record(evidence(1))).rejects.toThrow('away');
    counted.held = Promise.resolve();
    expect(await ledger.record(evidence(1))).toBe('transition');
  });
});
