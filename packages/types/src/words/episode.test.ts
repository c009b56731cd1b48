import { isLeft } from 'fp-ts/lib/Either.js';
import { expect, it, test } from 'vitest';
import { decode, describeFailure } from '../codec/index.ts';
import { API_VERSION, KernelWhisper } from '../resource/index.ts';
import { episodeOf, ownWindowOf } from './episode.ts';

const DETECTED = '2026-03-15T10:30:00Z';
const ENDED = '2026-03-15T10:32:00Z';

function whisper(spec: object, generation: number | null = 1): KernelWhisper {
  const result = decode(KernelWhisper, {
    apiVersion: API_VERSION,
    kind: 'KernelWhisper',
    metadata: { name: 'web-1-cpu', namespace: 'shop', generation },
    spec: {
      pod_name: 'web-1',
      namespace: 'shop',
      severity: 'critical',
      detected_at: DETECTED,
      throttled_percent: 85.5,
      ...spec,
    },
  });
  if (isLeft(result)) throw new Error(result.left.map(describeFailure).join('; '));
  return result.right;
}

it('lasts until its end, as far as somebody saw that', () => {
  const from = Date.parse(DETECTED);
  expect(episodeOf(whisper({}))).toEqual({ from, to: null });
  expect(episodeOf(whisper({ ended_at: ENDED }))).toEqual({ from, to: Date.parse(ENDED) });
});

it('takes the moment of detection for that of its figures only while its spec is the first', () => {
  const ends = (spec: object) => [1, 2, null].map((generation) => ownWindowOf(whisper(spec, generation)).end);
  expect(ends({})).toEqual([DETECTED, null, null]);
  expect(ends({ measured_at: ENDED })).toEqual([ENDED, ENDED, ENDED]);
});

test.each([
  ['cpu_throttle', 'kernel_truth', {}],
  ['memory_pressure', 'memory', {}],
  ['network_issue', 'network', { symptom: 'retransmits', failure_percent: 12.5 }],
])('the window of %s is as long as its figures say', (kind, block, figures) => {
  const seconds = (window: object) =>
    ownWindowOf(whisper({ kind, [block]: { ...figures, ...window } })).seconds;
  expect([seconds({ window_seconds: 30 }), seconds({})]).toEqual([30, null]);
});

it('has no length where the kernel says no more than the share', () => {
  expect(ownWindowOf(whisper({ kernel_truth: null })).seconds).toBeNull();
});
