import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { KernelWhisper } from 'kernel-gossip-types';
import { CAP_DEFAULTS, type CapsObserver } from './whisper-caps.ts';
import {
  bench,
  evidence,
  evidenceOf,
  follow,
  settled,
  START_MS,
  type Bench,
} from './whisper-ledger-testing.ts';
import { WhisperLedger, type Recorded } from './whisper-ledger.ts';

const WEB = { kind: 'Deployment', name: 'web' };
const pod = (at: number, workload = WEB) => ({ name: `${workload.name}-${at}`, workload });

/** A clock that a test moves, in seconds after the start. */
const clock = () => {
  const time = { seconds: 0 };
  return { time, now: () => START_MS + time.seconds * 1000 };
};

const recordAll = (ledger: WhisperLedger, count: number, atSeconds = 0) =>
  Promise.all(
    Array.from({ length: count }, async (_, at) => await ledger.record(evidenceOf(pod(at), 85, atSeconds))),
  );

const openOnes = async ({ store }: Pick<Bench, 'store'>): Promise<readonly KernelWhisper[]> =>
  (await store.list('KernelWhisper')).filter(({ spec }) => spec.ended_at === null);

const withheldOn = async ({ store }: Pick<Bench, 'store'>): Promise<readonly number[]> =>
  (await store.list('KernelWhisper')).flatMap(({ status }) => status?.withheld ?? []);

/** Ends the whisper of one pod, and waits until the index shows it. */
async function end({ ledger, index }: Bench, at: number, atSeconds: number): Promise<void> {
  const { observation, ...about } = evidenceOf(pod(at), 2, atSeconds);
  expect(await ledger.record({ ...about, observation: { ...observation, ended: true } })).toBe('transition');
  await vi.waitFor(() => {
    const whisper = index.values().find(({ spec }) => spec.pod_name === pod(at).name);
    expect(whisper?.spec.ended_at).not.toBeNull();
  });
}

const counting = () => {
  const reasons: string[] = [];
  const messages: string[] = [];
  const observer: CapsObserver = {
    withheld: (reason) => reasons.push(reason),
    full: (message) => messages.push(message),
  };
  return { observer, reasons, messages };
};

describe('the cap of a workload', () => {
  it('opens ten of a kind, acknowledges the others, and counts them on the first', async () => {
    const { time, now } = clock();
    const { observer, reasons, messages } = counting();
    const parts = await bench({ now, observer });
    const recorded = await recordAll(parts.ledger, 15);
    expect(recorded.filter((result) => result === 'transition')).toHaveLength(10);
    expect(recorded.filter((result) => result === 'withheld')).toHaveLength(5);
    expect(await parts.store.list('KernelWhisper')).toHaveLength(10);
    expect(reasons).toEqual(Array(5).fill('workload'));
    expect(messages).toEqual([
      'There are 10 open whispers of shop/Deployment/web/cpu_throttle already: further ones are counted on the first of them.',
    ]);
    await vi.waitFor(() => {
      expect(parts.index.size).toBe(10);
    });
    time.seconds = 1;
    await parts.ledger.flush();
    expect(await withheldOn(parts)).toEqual([5]);
    const [first] = [...parts.index.values()].sort((one, other) =>
      one.metadata.name < other.metadata.name ? -1 : 1,
    );
    await vi.waitFor(() => {
      expect(parts.index.values().find(({ status }) => status?.withheld === 5)?.metadata.name).toBe(
        first?.metadata.name,
      );
    });
  });

  it('holds for each workload, each kind and each namespace by itself, and for pods that stand alone', async () => {
    const { ledger, store } = await bench();
    await recordAll(ledger, 10);
    expect(await ledger.record(evidenceOf(pod(10), 85))).toBe('withheld');
    expect(await ledger.record(evidenceOf(pod(10, { kind: 'Deployment', name: 'api' }), 85))).toBe(
      'transition',
    );
    expect(await ledger.record(evidenceOf(pod(10, { kind: 'StatefulSet', name: 'web' }), 85))).toBe(
      'transition',
    );
    expect(await ledger.record(evidenceOf({ ...pod(10), namespace: 'other' }, 85))).toBe('transition');
    expect(await ledger.record(evidenceOf({ name: 'alone' }, 85))).toBe('transition');
    expect(await store.list('KernelWhisper')).toHaveLength(14);
  });

  it('opens a withheld one when one of the ten is over, and counts one less', async () => {
    const { time, now } = clock();
    const parts = await bench({ now });
    await recordAll(parts.ledger, 12);
    await settled(parts.ledger);
    await parts.ledger.flush();
    await vi.waitFor(async () => {
      expect(await withheldOn(parts)).toEqual([2]);
    });
    const open = (await openOnes(parts)).map(({ spec }) => spec.pod_name);
    const at = (name: string | undefined): number => Number(name?.split('-')[1]);
    const withheld = [...Array(12).keys()].find((one) => !open.includes(pod(one).name))!;
    await end(parts, at(open.at(-1)), 20);
    time.seconds = 21;
    expect(await parts.ledger.record(evidenceOf(pod(withheld), 85, 21))).toBe('transition');
    await parts.ledger.flush();
    expect(await withheldOn(parts)).toEqual([1]);
    expect(await openOnes(parts)).toHaveLength(10);
  });

  it('hands the count on when the whisper that bore it is over', async () => {
    const { time, now } = clock();
    const parts = await bench({ now });
    await recordAll(parts.ledger, 13);
    await settled(parts.ledger);
    await parts.ledger.flush();
    await vi.waitFor(() => {
      expect(parts.index.values().some(({ status }) => status?.withheld === 3)).toBe(true);
    });
    const bearer = parts.index.values().find(({ status }) => status?.withheld === 3)!;
    await end(parts, Number(bearer.spec.pod_name.split('-')[1]), 20);
    time.seconds = 21;
    await parts.ledger.flush();
    const after = await parts.store.list('KernelWhisper');
    expect(after.filter(({ status }) => status?.withheld === 3)).toHaveLength(1);
    expect(after.find(({ metadata }) => metadata.name === bearer.metadata.name)?.status?.withheld).toBeNull();
  });

  it('writes the count on transitions only, and not more often than every 20 seconds', async () => {
    const { time, now } = clock();
    const parts = await bench({ now });
    await recordAll(parts.ledger, 11);
    await settled(parts.ledger);
    await parts.ledger.flush();
    await vi.waitFor(() => {
      expect(parts.index.values().some(({ status }) => status?.withheld === 1)).toBe(true);
    });
    const before = parts.writes.length;
    time.seconds = 19;
    expect(await parts.ledger.record(evidenceOf(pod(11), 85, 19))).toBe('withheld');
    await parts.ledger.flush();
    expect(parts.writes).toHaveLength(before);
    time.seconds = 20;
    await parts.ledger.flush();
    expect(parts.writes).toHaveLength(before + 1);
    expect(await withheldOn(parts)).toEqual([2]);
    await vi.waitFor(() => {
      expect(parts.index.values().some(({ status }) => status?.withheld === 2)).toBe(true);
    });
    for (const seconds of [40, 60, 80]) {
      time.seconds = seconds;
      for (const at of [10, 11]) await parts.ledger.record(evidenceOf(pod(at), 85, seconds));
      await parts.ledger.flush();
    }
    expect(parts.writes).toHaveLength(before + 1);
  });

  it('forgets whom nobody speaks of any more, and who is said to be calm', async () => {
    const { time, now } = clock();
    const parts = await bench({ now, quietAfterMs: 60_000 });
    await recordAll(parts.ledger, 10);
    for (const at of [10, 11, 12]) await parts.ledger.record(evidenceOf(pod(at), 85));
    await settled(parts.ledger);
    await parts.ledger.flush();
    expect(await withheldOn(parts)).toEqual([3]);
    time.seconds = 30;
    await parts.ledger.record(evidenceOf(pod(10), 85, 30));
    expect(await parts.ledger.record(evidenceOf(pod(11), 0, 30))).toBe('nothing');
    await parts.ledger.flush();
    await vi.waitFor(async () => {
      expect(await withheldOn(parts)).toEqual([2]);
    });
    time.seconds = 61;
    await parts.ledger.flush();
    await vi.waitFor(async () => {
      expect(await withheldOn(parts)).toEqual([1]);
    });
    time.seconds = 95;
    await parts.ledger.flush();
    expect(await withheldOn(parts)).toEqual([]);
  });

  it('gives back what could not be written', async () => {
    let away = true;
    const { ledger } = await bench({}, () => away);
    const failed = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, at) => await ledger.record(evidenceOf(pod(at), 85))),
    );
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    away = false;
    expect(await recordAll(ledger, 10, 1)).toEqual(Array(10).fill('transition'));
  });

  it('takes part of it that a whisper which went quiet is woken', async () => {
    const parts = await bench();
    await parts.ledger.record(evidenceOf(pod(99), 85));
    await settled(parts.ledger);
    const [quiet] = await parts.store.list('KernelWhisper');
    await parts.store.applyStatus('KernelWhisper', quiet!.metadata, {
      manager: 'kernel-gossip-assessor',
      fields: { phase: 'Resolved' },
    });
    await vi.waitFor(() => {
      expect(parts.index.values()[0]?.status?.phase).toBe('Resolved');
    });
    await recordAll(parts.ledger, 10, 1);
    expect(await parts.ledger.record(evidenceOf(pod(99), 85, 2))).toBe('withheld');
    expect(await parts.ledger.record(evidenceOf(pod(99), 30, 3))).toBe('withheld');
    await end(parts, 3, 4);
    expect(await parts.ledger.record(evidenceOf(pod(99), 85, 5))).toBe('transition');
  });
});

describe('the count after a restart', () => {
  const restarted = async (parts: Bench, now: () => number) => {
    const { index, stop } = await follow(parts.store);
    const ledger = new WhisperLedger(parts.store, index, { maxWhispers: 1000, quietAfterMs: 60_000, now });
    return {
      ledger,
      stop: async () => {
        ledger.close();
        await stop();
      },
    };
  };

  it('stays while those withheld are heard of again, and falls when they are not', async () => {
    const { time, now } = clock();
    const parts = await bench({ now, quietAfterMs: 60_000 });
    await recordAll(parts.ledger, 14);
    await settled(parts.ledger);
    await parts.ledger.flush();
    expect(await withheldOn(parts)).toEqual([4]);
    const open = (await openOnes(parts)).map(({ spec }) => spec.pod_name);
    const withheld = [...Array(14).keys()].filter((at) => !open.includes(pod(at).name));

    const { ledger, stop } = await restarted(parts, now);
    await ledger.flush();
    expect(await withheldOn(parts)).toEqual([4]);
    time.seconds = 20;
    for (const at of withheld.slice(0, 3)) await ledger.record(evidenceOf(pod(at), 85, 20));
    await ledger.flush();
    expect(await withheldOn(parts)).toEqual([4]);
    time.seconds = 61;
    await ledger.flush();
    expect(await withheldOn(parts)).toEqual([3]);
    time.seconds = 81;
    await ledger.flush();
    await vi.waitFor(async () => {
      expect(await withheldOn(parts)).toEqual([]);
    });
    await stop();
  });
});

describe('the breaker', () => {
  it('opens no more in a namespace, says so on its newest whisper, and goes on when there is room', async () => {
    const { observer, reasons, messages } = counting();
    const parts = await bench({ maxPerNamespace: 3, observer });
    const alone = (at: number, seconds = 0) => evidenceOf({ name: `alone-${at}` }, 85, seconds);
    for (const at of [0, 1, 2]) expect(await parts.ledger.record(alone(at))).toBe('transition');
    expect(parts.ledger.caps.isBreakerOpen('namespace')).toBe(true);
    expect(await parts.ledger.record(alone(3))).toBe('withheld');
    expect(await parts.ledger.record(alone(4))).toBe('withheld');
    expect(await parts.ledger.record(evidenceOf({ name: 'alone-3', namespace: 'other' }, 85))).toBe(
      'transition',
    );
    expect(reasons).toEqual(['namespace', 'namespace']);
    expect(messages).toHaveLength(1);
    await vi.waitFor(() => {
      expect(parts.index.size).toBe(4);
    });
    const said = parts.index.values().flatMap((whisper) => {
      const withholding = parts.ledger.caps.withholdingOn(whisper);
      return withholding === null ? [] : [[whisper.spec.pod_name, withholding.reason]];
    });
    expect(said).toEqual([['alone-2', 'NamespaceFull']]);

    const { observation, ...about } = alone(1, 5);
    await parts.ledger.record({ ...about, observation: { ...observation, ended: true } });
    await vi.waitFor(() => {
      expect(parts.ledger.caps.isBreakerOpen('namespace')).toBe(false);
    });
    expect(parts.index.values().every((whisper) => parts.ledger.caps.withholdingOn(whisper) === null)).toBe(
      true,
    );
    expect(await parts.ledger.record(alone(3, 6))).toBe('transition');
  });

  it('counts all objects of the store, but opens again what stands there resolved', async () => {
    const { observer, reasons } = counting();
    const parts = await bench({ maxWhispers: 2, observer });
    await recordAll(parts.ledger, 2);
    expect(await parts.ledger.record(evidenceOf(pod(2), 85))).toBe('withheld');
    expect(reasons).toEqual(['cluster']);
    expect(parts.ledger.caps.isBreakerOpen('cluster')).toBe(true);
    await vi.waitFor(() => {
      expect(parts.index.size).toBe(2);
    });
    const said = parts.index.values().flatMap((one) => parts.ledger.caps.withholdingOn(one)?.reason ?? []);
    expect(said).toEqual(['ClusterFull']);
    await end(parts, 0, 5);
    expect(await parts.ledger.record(evidenceOf(pod(2), 85, 6))).toBe('withheld');
    expect(await parts.ledger.record(evidenceOf(pod(0), 85, 6))).toBe('transition');
  });

  it('lets nothing be opened where nothing may be', async () => {
    const { ledger, store } = await bench({ maxWhispers: 0 });
    expect(await ledger.record(evidence(85))).toBe('withheld');
    expect(await store.list('KernelWhisper')).toEqual([]);
  });
});

describe('whatever happens in whatever order', () => {
  type What = 'throttled' | 'ended' | 'deleted' | 'flushed';
  interface Step {
    readonly which: number;
    readonly what: What;
    /** Whether all that is under way is done before the next step. */
    readonly waits: boolean;
  }
  const step: fc.Arbitrary<Step> = fc.record({
    which: fc.nat(14),
    what: fc.constantFrom<What>('throttled', 'throttled', 'throttled', 'ended', 'deleted', 'flushed'),
    waits: fc.boolean(),
  });
  const openTwelve: readonly Step[] = Array.from({ length: 12 }, (_, which) => ({
    which,
    what: 'throttled',
    waits: false,
  }));

  const caughtUp = ({ index, store }: Bench) =>
    vi.waitFor(async () => {
      const versions = (whispers: readonly KernelWhisper[]) =>
        whispers.map(({ metadata }) => metadata.resourceVersion).sort();
      expect(versions(index.values())).toEqual(versions(await store.list('KernelWhisper')));
    });

  it('no more than ten of a workload and kind are open, and the others are counted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { time, now } = clock();
        const parts = await bench({ now });
        const { ledger, store } = parts;
        const last = new Map<number, Promise<Recorded>>();
        for (const { which, what, waits } of [...openTwelve, ...steps]) {
          time.seconds += 1;
          if (what === 'flushed') {
            time.seconds += 20;
            await ledger.flush();
          } else if (what === 'deleted') {
            const of = (await store.list('KernelWhisper')).filter(
              ({ spec }) => spec.pod_name === pod(which).name,
            );
            for (const { metadata } of of) await store.delete('KernelWhisper', metadata);
          } else {
            const { observation, ...about } = evidenceOf(pod(which), 85, time.seconds);
            const ended = what === 'ended';
            last.set(
              which,
              Promise.resolve(ledger.record({ ...about, observation: { ...observation, ended } })),
            );
          }
          if (waits) await Promise.all(last.values());
          expect((await openOnes(parts)).length).toBeLessThanOrEqual(CAP_DEFAULTS.maxPerWorkload);
        }
        const results = await Promise.all(last.values());
        const withheld = results.filter((result) => result === 'withheld').length;
        await ledger.flush();
        await caughtUp(parts);
        time.seconds += 21;
        await ledger.flush();
        const isSpoken = (await openOnes(parts)).length > 0;
        expect(await withheldOn(parts)).toEqual(isSpoken && withheld > 0 ? [withheld] : []);
        expect((await openOnes(parts)).length).toBeLessThanOrEqual(CAP_DEFAULTS.maxPerWorkload);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
