import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decode, PodCreation } from 'kernel-gossip-types';
import type { PodEvents } from '../cluster/events.ts';
import type { PodBirth, PodBirths } from '../cluster/pod-births.ts';
import { podTimes } from '../cluster/pod-times.ts';
import { CertificateLedger } from '../ledger/certificate-ledger.ts';
import { ObjectIndex } from '../store/object-index.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { birthJoiner, birthKeys, JOIN_POLICY } from './birth-joiner.ts';
import { again, DONE } from './outcome.ts';

const UID = '0123abcd-0000-4000-8000-000000000001';
const TIMES = podTimes({
  metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [{ name: 'app' }] },
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:02Z' }],
  },
});

const birth = (settledForMs: number | null, changes: Partial<PodBirth> = {}): PodBirth => ({
  pod: {
    namespace: 'shop',
    name: 'web-1',
    uid: UID,
    nodeName: 'n1',
    workload: null,
    remediation: null,
    labels: {},
    containers: new Map(),
  },
  times: { ...TIMES, seenUnborn: true },
  settledForMs,
  exists: true,
  ...changes,
});

const EVENTS: PodEvents = {
  events: [
    { reason: 'Scheduled', note: '', containerName: null, at: '2026-01-01T00:00:01.5Z', resolutionMs: 0.001 },
  ],
};

const observed = (changes: object = {}): PodCreation => {
  const result = decode(PodCreation, {
    type: 'pod_creation',
    pod_uid: UID,
    timestamp: '2026-01-01T00:00:02Z',
    began_at: '2026-01-01T00:00:01Z',
    containers: [{ container_id: '1'.repeat(64), began_at: '2026-01-01T00:00:01Z', role: 'sandbox' }],
    ...changes,
  });
  if (!isRight(result)) throw new Error('the sample is wrong');
  return result.right;
};

interface Given {
  readonly birthsFromApi?: boolean;
  readonly maxCertificates?: number;
}

/** A joiner on a real store in memory, which may be given what the cluster says. */
const joinerOn = async ({ birthsFromApi = true, maxCertificates = 10 }: Given = {}) => {
  const store = openSqliteStore('memory');
  const index = new ObjectIndex('PodBirthCertificate');
  const following = new AbortController();
  void index.follow(store, following.signal);
  await index.synced;
  const certificates = new CertificateLedger(store, index, maxCertificates);
  const state: { birth: PodBirth | null; reads: number } = { birth: null, reads: 0 };
  const births: PodBirths = {
    birthOf: () => state.birth,
    unbornSeen: () => [UID],
    listen: () => () => undefined,
  };
  const readEvents = () => {
    state.reads += 1;
    return Promise.resolve(EVENTS);
  };
  const reconcile = birthJoiner({ births, certificates, readEvents }, { ...JOIN_POLICY, birthsFromApi });
  return {
    store,
    certificates,
    births,
    state,
    look: (next: PodBirth | null) => {
      state.birth = next;
      return reconcile(UID, following.signal);
    },
    close: async () => {
      following.abort();
      await store.close();
    },
  };
};

type Joiner = Awaited<ReturnType<typeof joinerOn>>;
const withJoiner = async (given: Given, check: (joiner: Joiner) => Promise<void>) => {
  const joiner = await joinerOn(given);
  try {
    await check(joiner);
  } finally {
    await joiner.close();
  }
};

describe('the birth joiner', () => {
  it('files a birth that only Kubernetes tells of, once no evidence came in time', () =>
    withJoiner({}, async ({ look, store, state }) => {
      expect(await look(birth(null))).toEqual(DONE);
      expect(await look(birth(2000))).toEqual(again(13_000));
      expect(await store.list('PodBirthCertificate')).toEqual([]);
      expect(await look(birth(15_000))).toEqual(DONE);
      expect(await store.list('PodBirthCertificate')).toMatchObject([
        {
          spec: {
            pod_name: 'web-1',
            source: { name: 'kubernetes-api', node_name: 'n1' },
            kernel_stats: { total_syscalls: null, total_duration_ms: null },
            timeline: [
              { actor: 'apiserver' },
              { actor: 'scheduler', source: 'event', resolution_ms: 0.001 },
              { actor: 'kubelet', action: 'report the pod ready', resolution_ms: 1000 },
            ],
          },
        },
      ]);
      await look(birth(20_000));
      expect(state.reads).toBe(1);
    }));

  it('completes a certificate that stands, soon after the pod came up', () =>
    withJoiner({ birthsFromApi: false }, async ({ look, certificates, state, store }) => {
      await certificates.record({
        observation: observed(),
        pod: birth(0).pod,
        container: null,
        source: 'kgtrace',
        nodeName: 'n1',
        receivedAtMs: 0,
      });
      expect(await look(birth(1000))).toEqual(again(2000));
      expect(await look(birth(3000))).toEqual(DONE);
      expect(state.reads).toBe(1);
      const [filed] = await store.list('PodBirthCertificate');
      expect(filed?.spec.source?.name).toBe('kgtrace');
      expect(filed?.spec.timeline?.map(({ actor }) => actor)).toContain('scheduler');
    }));

  it('gives a container that ran again its name, once Kubernetes knows its id', () =>
    withJoiner({}, async ({ look, certificates, state, store }) => {
      const again = '2'.repeat(64);
      const containers = [
        { container_id: '1'.repeat(64), began_at: '2026-01-01T00:00:01Z', role: 'sandbox' },
        { container_id: again, began_at: '2026-01-01T00:00:09Z' },
      ];
      await certificates.record({
        observation: observed({ containers }),
        pod: birth(0).pod,
        container: null,
        source: 'kgtrace',
        nodeName: 'n1',
        receivedAtMs: 0,
      });
      await look(birth(3000));
      await look(birth(9000, { pod: { ...birth(0).pod, uid: UID, containers: new Map([[again, 'app']]) } }));
      const [filed] = await store.list('PodBirthCertificate');
      expect(filed?.spec.containers?.[1]).toMatchObject({ role: 'restart', container_name: 'app' });
      expect(state.reads).toBe(1);
    }));

  it.each([
    ['that was up before anybody watched', birth(20_000, { times: TIMES })],
    ['that is gone', birth(20_000, { exists: false })],
    ['that nobody knows', null],
    ['that has been up for long', birth(3_600_000)],
  ])('leaves a pod alone %s', (_what, given) =>
    withJoiner({}, async ({ look, store, state }) => {
      expect(await look(given)).toEqual(DONE);
      expect(await store.list('PodBirthCertificate')).toEqual([]);
      expect(state.reads).toBe(0);
    }),
  );

  it('files none where births are to come from the kernel alone', () =>
    withJoiner({ birthsFromApi: false }, async ({ look, store }) => {
      expect(await look(birth(20_000))).toEqual(DONE);
      expect(await store.list('PodBirthCertificate')).toEqual([]);
    }));

  it('waits for room where there are as many certificates as are kept', () =>
    withJoiner({ maxCertificates: 0 }, async ({ look, state }) => {
      expect(await look(birth(20_000))).toEqual(again(60_000));
      expect(state.reads).toBe(0);
    }));

  it('works through the pods that were seen unborn', () =>
    withJoiner({}, ({ births }) => {
      expect(birthKeys(births).all()).toEqual([UID]);
      return Promise.resolve();
    }));
});
