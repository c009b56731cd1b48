import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { FINDING_KINDS, SEVERITIES, type KernelWhisper } from 'kernel-gossip-types';
import { whisperWith } from '../assess/testing.ts';
import { ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { findingMetrics } from './finding-metrics.ts';

/** An index that holds these; of the store it asks nothing but to follow. */
async function indexOf(whispers: readonly KernelWhisper[]): Promise<ObjectIndex<'KernelWhisper'>> {
  const index = new ObjectIndex('KernelWhisper');
  const named = whispers.map((whisper, at) => ({
    ...whisper,
    metadata: { ...whisper.metadata, name: `w-${at}` },
  }));
  const follow = (_: unknown, follower: { readonly replace: (all: typeof named) => void }) => {
    follower.replace(named);
    return Promise.resolve();
  };
  await index.follow({ follow } as unknown as Store, AbortSignal.abort());
  return index;
}

async function samplesOf(whispers: readonly KernelWhisper[]) {
  const registry = new Registry();
  findingMetrics(registry, await indexOf(whispers), new ObjectIndex('PodBirthCertificate'));
  const read = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values ?? [];
  return {
    whispers: await read('kernel_gossip_whispers'),
    oldest: await read('kernel_gossip_oldest_open_whisper_timestamp_seconds'),
  };
}

const aWhisper = fc
  .record({
    kind: fc.constantFrom(...FINDING_KINDS),
    severity: fc.constantFrom(...SEVERITIES),
    provenance: fc.constantFrom('measured', 'synthetic', 'replayed'),
    phase: fc.constantFrom('Open', 'Resolved', null),
    atMs: fc.integer({ min: Date.UTC(2021), max: Date.UTC(2026) }),
  })
  .map(({ phase, atMs, ...spec }) =>
    whisperWith(
      {
        ...spec,
        detected_at: new Date(atMs).toISOString(),
        throttled_percent: 50,
        memory: {},
        network: { symptom: 'drops', failure_percent: 1 },
      },
      phase === null ? null : { phase },
    ),
  );

const isOpen = ({ status }: KernelWhisper): boolean => status?.phase !== 'Resolved';

describe('the metrics of findings', () => {
  it('count every whisper once, and say when the oldest open one of its kind began', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aWhisper, { maxLength: 30 }), async (all) => {
        const { whispers, oldest } = await samplesOf(all);
        expect(whispers).toHaveLength(FINDING_KINDS.length * SEVERITIES.length * 3 * 2);
        expect(whispers.reduce((sum, { value }) => sum + value, 0)).toBe(all.length);
        for (const { labels, value } of oldest) {
          const alike = all.filter(
            ({ spec }) =>
              spec.kind === labels.kind &&
              spec.severity === labels.severity &&
              spec.provenance === labels.provenance,
          );
          const times = alike.filter(isOpen).map(({ spec }) => Date.parse(spec.detected_at) / 1000);
          expect(value).toBe(Math.min(...times));
        }
        const groups = new Set(
          all.filter(isOpen).map(({ spec }) => `${spec.kind}/${spec.severity}/${spec.provenance}`),
        );
        expect(oldest).toHaveLength(groups.size);
      }),
      { numRuns: 50 },
    );
  });
});
