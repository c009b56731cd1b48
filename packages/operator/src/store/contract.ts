import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import {
  decode,
  KernelGossipError,
  KernelWhisperSpec,
  PodBirthCertificateSpec,
  type Change,
  type Condition,
  type Kind,
  type PixieScriptStatus,
  type Resources,
} from 'kernel-gossip-types';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Draft, ObjectRef, StatusOf, Store } from './port.ts';

/** A store to hold to the contract, with a namespace of its own. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly namespace: string;
  /** Called once at the end; closes the store. */
  readonly cleanup: () => Promise<void>;
}

export interface ContractOptions {
  /** How many random sequences of operations are tried. */
  readonly runs?: number;
  /** How many objects are written at once. */
  readonly burst?: number;
  /** How long a follower may take to hear of a change, in milliseconds. */
  readonly patienceMs?: number;
}

const TIME = '2026-03-15T10:30:00Z';

const whisper = (ref: ObjectRef, throttledPercent = 85.5): Draft<'KernelWhisper'> => {
  const spec = decode(KernelWhisperSpec, {
    pod_name: ref.name,
    namespace: ref.namespace,
    container_name: 'main',
    kind: 'cpu_throttle',
    severity: 'critical',
    detected_at: TIME,
    throttled_percent: throttledPercent,
    kernel_truth: { throttled_percent: throttledPercent, nr_periods: 600, nr_throttled: 513 },
  });
  if (!isRight(spec)) throw new Error('the sample whisper is wrong');
  return { metadata: { ...ref, labels: {}, ownerReferences: [] }, spec: spec.right };
};

const certificate = (ref: ObjectRef): Draft<'PodBirthCertificate'> => {
  const spec = decode(PodBirthCertificateSpec, {
    pod_name: ref.name,
    namespace: ref.namespace,
    recorded_at: TIME,
    timeline: [{ timestamp_ms: 0, actor: 'kernel', action: 'clone', duration_ms: 0.25 }],
    kernel_stats: { total_syscalls: 847 },
  });
  if (!isRight(spec)) throw new Error('the sample certificate is wrong');
  return { metadata: { ...ref, labels: {}, ownerReferences: [] }, spec: spec.right };
};

const pixieSource = (ref: ObjectRef): Draft<'PixieSource'> => ({
  metadata: { ...ref, labels: {}, ownerReferences: [] },
  spec: {
    address: 'work.example.com:443',
    cluster_id: '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11',
    scripts: [{ name: 'cpu_throttle_detector', interval_seconds: 30 }],
  },
});

/** How far a script came; a name tells it apart. */
const scriptState = (name: string, windowEnd: string): PixieScriptStatus => ({
  name,
  window_end: windowEnd,
  last_run: windowEnd,
  last_success: null,
  rows: 12,
  observations: 3,
  rejected: 0,
  consecutive_failures: 0,
  lost_seconds: 0,
  message: null,
  probe_expires_at: null,
  tracepoints: ['kg_cfs_bandwidth_v1'],
});

const condition = (status: Condition['status']): Condition => ({
  type: 'Assessed',
  status,
  reason: 'Tested',
  message: 'The contract says so.',
  lastTransitionTime: TIME,
  observedGeneration: 1,
});

/** What a follower was told of the objects whose names begin alike. */
interface Recording {
  readonly replaced: (readonly string[])[];
  readonly changes: Change<Resources['KernelWhisper']>[];
  readonly objects: Map<string, Resources['KernelWhisper']>;
  readonly stop: () => Promise<void>;
}

const record = (store: Store, prefix: string): Recording => {
  const controller = new AbortController();
  const replaced: (readonly string[])[] = [];
  const changes: Change<Resources['KernelWhisper']>[] = [];
  const objects = new Map<string, Resources['KernelWhisper']>();
  const done = store.follow(
    'KernelWhisper',
    {
      replace: (all) => {
        const ours = all.filter(({ metadata }) => metadata.name.startsWith(prefix));
        replaced.push(ours.map(({ metadata }) => metadata.name));
        objects.clear();
        for (const object of ours) objects.set(object.metadata.name, object);
      },
      change: (change) => {
        const { name } = change.object.metadata;
        if (!name.startsWith(prefix)) return;
        changes.push(change);
        if (change.type === 'DELETED') objects.delete(name);
        else objects.set(name, change.object);
      },
    },
    controller.signal,
  );
  return {
    replaced,
    changes,
    objects,
    stop: async () => {
      controller.abort();
      await done;
    },
  };
};

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt;
    return 'no error';
  } catch (error) {
    return error instanceof KernelGossipError ? error.code : `not ours: ${String(error)}`;
  }
};

/** One step of a random sequence: who does what to which of a few objects. */
type Step =
  | { readonly do: 'apply'; readonly object: number; readonly percent: number }
  | { readonly do: 'assess'; readonly object: number; readonly insight: string | null }
  | { readonly do: 'count'; readonly object: number; readonly observations: number }
  | { readonly do: 'delete'; readonly object: number };

const object = fc.nat(2);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('apply' as const), object, percent: fc.constantFrom(10, 55.5, 100) }),
    fc.record({ do: fc.constant('assess' as const), object, insight: fc.constantFrom(null, 'one', 'two') }),
    fc.record({ do: fc.constant('count' as const), object, observations: fc.nat(2) }),
    fc.record({ do: fc.constant('delete' as const), object }),
  ),
  { maxLength: 20 },
);

/** What the model knows of one object. */
interface Modelled {
  readonly percent: number;
  readonly generation: number;
  readonly insight: string | null;
  readonly observations: number | null;
}

const step = (before: Modelled | undefined, action: Step): Modelled | undefined => {
  switch (action.do) {
    case 'apply':
      return before === undefined
        ? { percent: action.percent, generation: 1, insight: null, observations: null }
        : {
            ...before,
            percent: action.percent,
            generation: before.generation + (before.percent === action.percent ? 0 : 1),
          };
    case 'assess':
      return before && { ...before, insight: action.insight };
    case 'count':
      return before && { ...before, observations: action.observations };
    case 'delete':
      return undefined;
  }
};

const perform = async (store: Store, ref: ObjectRef, action: Step): Promise<unknown> => {
  switch (action.do) {
    case 'apply':
      return store.apply('KernelWhisper', whisper(ref, action.percent));
    case 'assess':
      return store.applyStatus('KernelWhisper', ref, {
        manager: 'kernel-gossip-assessor',
        fields: { insight: action.insight },
      });
    case 'count':
      return store.applyStatus('KernelWhisper', ref, {
        manager: 'kernel-gossip-ledger',
        fields: { observations: action.observations },
      });
    case 'delete':
      return store.delete('KernelWhisper', ref);
  }
};

const seen = (found: Resources['KernelWhisper'] | null): Modelled | undefined =>
  found === null
    ? undefined
    : {
        percent: found.spec.throttled_percent ?? -1,
        generation: found.metadata.generation ?? -1,
        insight: found.status?.insight ?? null,
        observations: found.status?.observations ?? null,
      };

/**
 * What every store promises, as one suite that each adapter is held to. Call it in a test file.
 *
 * @param open called once, before the first test
 */
export const storeContract = (
  name: string,
  open: () => Promise<StoreUnderTest>,
  { runs = 100, burst = 1000, patienceMs = 5000 }: ContractOptions = {},
): void => {
  describe(`${name} as a store`, { timeout: 120_000 }, () => {
    let subject: StoreUnderTest | null = null;
    let count = 0;

    beforeAll(async () => {
      subject = await open();
    }, 120_000);
    afterAll(async () => {
      await subject?.cleanup();
    }, 120_000);

    const opened = (): StoreUnderTest => {
      if (subject === null) throw new Error('the store was not opened');
      return subject;
    };
    /** A name that no other test uses; others begin with it. */
    const fresh = (): ObjectRef => {
      count += 1;
      return { namespace: opened().namespace, name: `t${count}x` };
    };
    const eventually = (check: () => void): Promise<void> =>
      vi.waitFor(check, { timeout: patienceMs, interval: 10 });

    objects();
    statuses();
    followers();
    crowds();

    function objects(): void {
      it('answers a ping', async () => {
        await expect(opened().store.ping()).resolves.toBeUndefined();
      });

      it('creates an object and reads it back', async () => {
        const { store } = opened();
        const ref = fresh();
        const made = await store.apply('KernelWhisper', whisper(ref));
        expect(made).toMatchObject({
          apiVersion: 'kernel.gossip.io/v1alpha1',
          kind: 'KernelWhisper',
          metadata: { ...ref, generation: 1, deletionTimestamp: null },
          status: null,
        });
        expect(made.spec).toEqual(whisper(ref).spec);
        expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(Math.abs(Date.parse(made.metadata.creationTimestamp ?? '') - Date.now())).toBeLessThan(60_000);
        expect(await store.get('KernelWhisper', ref)).toEqual(made);
      });

      it('keeps what was not measured as null, through a round trip', async () => {
        const { store } = opened();
        const ref = fresh();
        const made = await store.apply('PodBirthCertificate', certificate(ref));
        const { total_syscalls, ...others } = made.spec.kernel_stats;
        expect(total_syscalls).toBe(847);
        expect(Object.values(others).every((figure) => figure === null)).toBe(true);
        expect(made.spec).toEqual(certificate(ref).spec);
      });

      it('raises the generation when the spec changes, and only then', async () => {
        const { store } = opened();
        const ref = fresh();
        const first = await store.apply('KernelWhisper', whisper(ref, 60));
        const relabelled = await store.apply('KernelWhisper', {
          ...whisper(ref, 60),
          metadata: { ...ref, labels: { team: 'a' }, ownerReferences: [] },
        });
        const changed = await store.apply('KernelWhisper', whisper(ref, 70));
        expect([first, relabelled, changed].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 2]);
        expect(relabelled.metadata.labels).toEqual({ team: 'a' });
        expect(changed.metadata.labels).toBeNull();
        expect(changed.metadata.uid).toBe(first.metadata.uid);
        expect(
          new Set([first, relabelled, changed].map(({ metadata }) => metadata.resourceVersion)).size,
        ).toBe(3);
      });

      it('writes nothing when an apply changes nothing', async () => {
        const { store } = opened();
        const ref = fresh();
        const first = await store.apply('KernelWhisper', whisper(ref));
        const again = await store.apply('KernelWhisper', whisper(ref));
        expect(again).toEqual(first);
      });

      it('keeps the owner', async () => {
        const { store } = opened();
        const ref = fresh();
        const owner = {
          apiVersion: 'v1',
          kind: 'Pod',
          name: ref.name,
          uid: '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11',
          controller: false,
          blockOwnerDeletion: false,
        };
        const made = await store.apply('KernelWhisper', {
          ...whisper(ref),
          metadata: { ...ref, labels: {}, ownerReferences: [owner] },
        });
        expect(made.metadata.ownerReferences).toEqual([owner]);
      });

      it('refuses what the schema refuses, and nothing beside it', async () => {
        const { store } = opened();
        const [bad, good] = [fresh(), fresh()];
        const draft = whisper(bad);
        const refused = { ...draft, spec: { ...draft.spec, throttled_percent: 512 } };
        const [code, made] = await Promise.all([
          codeOf(store.apply('KernelWhisper', refused)),
          store.apply('KernelWhisper', whisper(good)),
        ]);
        expect(code).toBe('KG_STORE_INVALID');
        expect(made.metadata.name).toBe(good.name);
        expect(await store.get('KernelWhisper', bad)).toBeNull();
      });

      it('refuses to move a finding to another pod', async () => {
        const { store } = opened();
        const ref = fresh();
        const draft = whisper(ref);
        await store.apply('KernelWhisper', draft);
        const moved = { ...draft, spec: { ...draft.spec, pod_name: 'another' } };
        expect(await codeOf(store.apply('KernelWhisper', moved))).toBe('KG_STORE_INVALID');
      });

      it('has null for what is not there', async () => {
        expect(await opened().store.get('KernelWhisper', fresh())).toBeNull();
      });

      it('lists a namespace, and all of them', async () => {
        const { store, namespace } = opened();
        const refs = [fresh(), fresh(), fresh()];
        const made = await Promise.all(refs.map((ref) => store.apply('KernelWhisper', whisper(ref))));
        for (const all of [await store.list('KernelWhisper', namespace), await store.list('KernelWhisper')]) {
          const ours = all.filter(({ metadata }) =>
            refs.some(({ name: wanted }) => wanted === metadata.name),
          );
          expect(ours).toHaveLength(3);
          expect(ours).toEqual(expect.arrayContaining(made));
        }
        expect(await store.list('KernelWhisper', 'kernel-gossip-nowhere')).toEqual([]);
      });

      it('deletes, once or twice alike', async () => {
        const { store } = opened();
        const ref = fresh();
        await store.apply('KernelWhisper', whisper(ref));
        await store.delete('KernelWhisper', ref);
        await store.delete('KernelWhisper', ref);
        expect(await store.get('KernelWhisper', ref)).toBeNull();
      });

      it('leaves an object alone that has another uid than the one to delete', async () => {
        const { store } = opened();
        const ref = fresh();
        const first = await store.apply('KernelWhisper', whisper(ref));
        await store.delete('KernelWhisper', ref, first.metadata.uid ?? '');
        const second = await store.apply('KernelWhisper', whisper(ref));
        await store.delete('KernelWhisper', ref, first.metadata.uid ?? '');
        expect(second.metadata.uid).not.toBe(first.metadata.uid);
        expect(await store.get('KernelWhisper', ref)).toEqual(second);
      });
    }

    function statuses(): void {
      const assess = (
        ref: ObjectRef,
        fields: Partial<StatusOf<'KernelWhisper'>>,
        version?: string | null,
      ): Promise<Resources['KernelWhisper']> =>
        opened().store.applyStatus('KernelWhisper', ref, {
          manager: 'kernel-gossip-assessor',
          fields,
          ...(version === undefined || version === null ? {} : { resourceVersion: version }),
        });

      it('sets a status and leaves spec, uid and generation', async () => {
        const ref = fresh();
        const made = await opened().store.apply('KernelWhisper', whisper(ref));
        const after = await assess(ref, {
          insight: 'Pod experiencing high CPU throttling at 85.5%',
          priority: 'high',
          metrics_comparison: { kernel_cpu_usage: 1.7, metrics_cpu_usage: null, discrepancy_percent: null },
          conditions: [condition('True')],
          observed_generation: 1,
        });
        expect(after.spec).toEqual(made.spec);
        expect(after.metadata).toEqual({
          ...made.metadata,
          resourceVersion: after.metadata.resourceVersion,
        });
        expect(after.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
        expect(after.status).toMatchObject({
          insight: 'Pod experiencing high CPU throttling at 85.5%',
          recommendation: null,
          metrics_comparison: { kernel_cpu_usage: 1.7, metrics_cpu_usage: null, discrepancy_percent: null },
          conditions: [condition('True')],
        });
        expect(await opened().store.get('KernelWhisper', ref)).toEqual(after);
      });

      it('keeps the fields of two writers apart', async () => {
        const { store } = opened();
        const ref = fresh();
        const tally = (observations: number): Promise<unknown> =>
          store.applyStatus('KernelWhisper', ref, {
            manager: 'kernel-gossip-ledger',
            fields: { observations, last_seen: TIME },
          });
        await store.apply('KernelWhisper', whisper(ref));
        await tally(1);
        await assess(ref, { insight: 'one', phase: 'Open' });
        await tally(2);
        await assess(ref, { insight: 'two', phase: 'Resolved' });
        await store.apply('KernelWhisper', whisper(ref, 40));
        expect((await store.get('KernelWhisper', ref))?.status).toMatchObject({
          observations: 2,
          last_seen: TIME,
          insight: 'two',
          phase: 'Resolved',
        });
      });

      it('takes null for a field that is no longer known', async () => {
        const ref = fresh();
        await opened().store.apply('KernelWhisper', whisper(ref));
        await assess(ref, { insight: 'one', priority: 'low', metrics_comparison: null });
        const after = await assess(ref, { insight: null, priority: 'low', metrics_comparison: null });
        expect(after.status).toMatchObject({ insight: null, priority: 'low', metrics_comparison: null });
      });

      it('replaces the conditions of their writer', async () => {
        const ref = fresh();
        await opened().store.apply('KernelWhisper', whisper(ref));
        await assess(ref, { conditions: [condition('True'), { ...condition('True'), type: 'Other' }] });
        const after = await assess(ref, { conditions: [condition('False')] });
        expect(after.status?.conditions).toEqual([condition('False')]);
      });

      it('writes nothing when a status changes nothing', async () => {
        const ref = fresh();
        await opened().store.apply('KernelWhisper', whisper(ref));
        const first = await assess(ref, { insight: 'same', conditions: [condition('True')] });
        const again = await assess(ref, { insight: 'same', conditions: [condition('True')] });
        expect(again).toEqual(first);
      });

      it('refuses a status for a version that is not the newest', async () => {
        const ref = fresh();
        const made = await opened().store.apply('KernelWhisper', whisper(ref));
        const stale = made.metadata.resourceVersion;
        const after = await assess(ref, { insight: 'one' }, stale);
        expect(await codeOf(assess(ref, { insight: 'two' }, stale))).toBe('KG_STORE_CONFLICT');
        const last = await assess(ref, { insight: 'two' }, after.metadata.resourceVersion);
        expect(last.status?.insight).toBe('two');
      });

      it('keeps the books of a PixieSource, for the one of two writers who saw them last', async () => {
        const { store } = opened();
        const ref = fresh();
        const made = await store.apply('PixieSource', pixieSource(ref));
        expect(made.spec).toEqual(pixieSource(ref).spec);
        const write = (windowEnd: string, version: string | null): Promise<Resources['PixieSource']> =>
          store.applyStatus('PixieSource', ref, {
            manager: 'kernel-gossip-pixie',
            fields: {
              conditions: [{ ...condition('True'), type: 'Ready' }],
              cluster_name: 'staging',
              cluster_status: 'HEALTHY',
              vizier_version: null,
              scripts: [scriptState('cpu_throttle_detector', windowEnd), scriptState('network_flow', TIME)],
              observed_generation: 1,
            },
            ...(version === null ? {} : { resourceVersion: version }),
          });
        const first = await write('2026-03-15T10:30:30.000Z', made.metadata.resourceVersion);
        expect(first.status?.scripts).toEqual([
          scriptState('cpu_throttle_detector', '2026-03-15T10:30:30.000Z'),
          scriptState('network_flow', TIME),
        ]);
        const late = write('2026-03-15T10:30:00.000Z', made.metadata.resourceVersion);
        expect(await codeOf(late)).toBe('KG_STORE_CONFLICT');
        const next = await write('2026-03-15T10:31:00.000Z', first.metadata.resourceVersion);
        expect(next.status?.scripts?.[0]?.window_end).toBe('2026-03-15T10:31:00.000Z');
        expect(await store.get('PixieSource', ref)).toEqual(next);
      });

      it('refuses a status for an object that is not there', async () => {
        const ref = fresh();
        expect(await codeOf(assess(ref, { insight: 'one' }))).toBe('KG_STORE_NOT_FOUND');
        expect(await opened().store.get('KernelWhisper', ref)).toBeNull();
      });

      it('refuses a status that the schema refuses', async () => {
        const ref = fresh();
        await opened().store.apply('KernelWhisper', whisper(ref));
        expect(await codeOf(assess(ref, { insight: 'x'.repeat(2000) }))).toBe('KG_STORE_INVALID');
      });
    }

    function followers(): void {
      it('tells a follower what there is, then each change in order', async () => {
        const { store, namespace } = opened();
        const { name: prefix } = fresh();
        const [a, b] = [`${prefix}a`, `${prefix}b`].map((one) => ({ namespace, name: one })) as [
          ObjectRef,
          ObjectRef,
        ];
        await store.apply('KernelWhisper', whisper(a));
        const recording = record(store, prefix);
        await eventually(() => expect(recording.replaced).toEqual([[a.name]]));
        await store.apply('KernelWhisper', whisper(b));
        await store.apply('KernelWhisper', whisper(a, 40));
        await store.apply('KernelWhisper', whisper(a, 40));
        await store.applyStatus('KernelWhisper', b, {
          manager: 'kernel-gossip-assessor',
          fields: { insight: 'one' },
        });
        await store.delete('KernelWhisper', a);
        await eventually(() => expect(recording.changes).toHaveLength(4));
        await recording.stop();
        expect(recording.changes.map(({ type, object: { metadata } }) => [type, metadata.name])).toEqual([
          ['ADDED', b.name],
          ['MODIFIED', a.name],
          ['MODIFIED', b.name],
          ['DELETED', a.name],
        ]);
        expect(recording.changes[1]?.object.spec.throttled_percent).toBe(40);
        expect(recording.changes[2]?.object.status?.insight).toBe('one');
      });

      it('tells of an object made again under the same name as of another one', async () => {
        const { store } = opened();
        const ref = fresh();
        const first = await store.apply('KernelWhisper', whisper(ref));
        const recording = record(store, ref.name);
        await eventually(() => expect(recording.replaced).toHaveLength(1));
        await store.delete('KernelWhisper', ref);
        const second = await store.apply('KernelWhisper', whisper(ref));
        await eventually(() => expect(recording.changes).toHaveLength(2));
        await recording.stop();
        expect(recording.changes.map(({ type, object: { metadata } }) => [type, metadata.uid])).toEqual([
          ['DELETED', first.metadata.uid],
          ['ADDED', second.metadata.uid],
        ]);
      });

      it('tells nothing once stopped', async () => {
        const { store } = opened();
        const ref = fresh();
        const recording = record(store, ref.name);
        await eventually(() => expect(recording.replaced).toHaveLength(1));
        await recording.stop();
        await store.apply('KernelWhisper', whisper(ref));
        expect(recording.changes).toEqual([]);
      });

      it('tells other followers when one throws', async () => {
        const { store } = opened();
        const ref = fresh();
        const controller = new AbortController();
        const fail = (): never => {
          throw new Error('a follower with a fault');
        };
        const faulty = store.follow('KernelWhisper', { replace: fail, change: fail }, controller.signal);
        const recording = record(store, ref.name);
        await eventually(() => expect(recording.replaced).toHaveLength(1));
        await store.apply('KernelWhisper', whisper(ref));
        await eventually(() => expect(recording.changes).toHaveLength(1));
        controller.abort();
        await expect(faulty).resolves.toBeUndefined();
        await recording.stop();
      });

      it('loses no change under concurrent writes', async () => {
        const { store, namespace } = opened();
        const { name: prefix } = fresh();
        const recording = record(store, prefix);
        const refs = Array.from({ length: 40 }, (_, index) => ({ namespace, name: `${prefix}${index}` }));
        await Promise.all(
          refs.map(async (ref, index) => {
            await store.apply('KernelWhisper', whisper(ref, 10));
            await store.apply('KernelWhisper', whisper(ref, 20));
            if (index % 2 === 0) await store.delete('KernelWhisper', ref);
          }),
        );
        const kept = await store.list('KernelWhisper', namespace);
        const expected = kept.filter(({ metadata }) => metadata.name.startsWith(prefix));
        expect(expected).toHaveLength(20);
        await eventually(() =>
          expect(new Map(recording.objects)).toEqual(
            new Map(expected.map((one) => [one.metadata.name, one])),
          ),
        );
        await recording.stop();
      });
    }

    function crowds(): void {
      it(`takes ${burst} writes at once`, async () => {
        const { store, namespace } = opened();
        const { name: prefix } = fresh();
        const refs = Array.from({ length: burst }, (_, index) => ({ namespace, name: `${prefix}${index}` }));
        const made = await Promise.all(refs.map((ref) => store.apply('KernelWhisper', whisper(ref))));
        expect(made.map(({ metadata }) => metadata.name)).toEqual(refs.map((ref) => ref.name));
        const all = await store.list('KernelWhisper', namespace);
        expect(all.filter(({ metadata }) => metadata.name.startsWith(prefix))).toHaveLength(burst);
        await Promise.all(refs.map((ref) => store.delete('KernelWhisper', ref)));
      });

      it('does what a simple model does, in any sequence', async () => {
        const { store, namespace } = opened();
        const { name: prefix } = fresh();
        let run = 0;
        await fc.assert(
          fc.asyncProperty(steps, async (actions) => {
            run += 1;
            const refOf = (index: number): ObjectRef => ({ namespace, name: `${prefix}${run}-${index}` });
            const model = new Map<number, Modelled>();
            for (const action of actions) {
              const before = model.get(action.object);
              const attempt = perform(store, refOf(action.object), action);
              const code = await codeOf(attempt);
              const missing = before === undefined && (action.do === 'assess' || action.do === 'count');
              expect(code).toBe(missing ? 'KG_STORE_NOT_FOUND' : 'no error');
              const after = step(before, action);
              if (after === undefined) model.delete(action.object);
              else model.set(action.object, after);
              expect(seen(await store.get('KernelWhisper', refOf(action.object)))).toEqual(after);
            }
          }),
          { numRuns: runs },
        );
      });
    }
  });
};

/** The kinds that the contract writes; a Kubernetes to be tested must have their CRDs. */
export const CONTRACT_KINDS: readonly Kind[] = ['KernelWhisper', 'PodBirthCertificate'];
