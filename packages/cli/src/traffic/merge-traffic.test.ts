import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flowWindow, podTraffic, requestWindow } from '../testing/traffic.ts';
import { mergeTraffic } from './merge-traffic.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const OTHER_UID = '8f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';

describe('what several replicas hold of one pod', () => {
  test('is put together, and what two of them hold counts once', () => {
    const [a, b, c] = [requestWindow(0), requestWindow(1), requestWindow(2)];
    const flow = flowWindow();
    const merged = mergeTraffic([
      podTraffic({ requests: [a, b], flows: [flow], left_out: 2, since: '2024-03-15T10:05:00Z' }),
      podTraffic({ requests: [b, c], flows: [flow], left_out: 1, since: '2024-03-15T10:20:00Z' }),
    ]);
    expect(merged.requests).toEqual([a, b, c]);
    expect(merged.flows).toEqual([flow]);
    expect(merged).toMatchObject({ left_out: 3, since: '2024-03-15T10:20:00Z' });
  });

  test('counts the fuller report of a window, whoever holds it', () => {
    const early = requestWindow(0, { requests: 5 });
    const full = { ...early, requests: 9 };
    for (const order of [
      [early, full],
      [full, early],
    ]) {
      const parts = order.map((window) => podTraffic({ requests: [window] }));
      expect(mergeTraffic(parts as never).requests).toEqual([full]);
    }
  });

  test('of two pods that had the name is of the latest', () => {
    const old = podTraffic({ pod_uid: OTHER_UID, requests: [requestWindow(9)] });
    const now = podTraffic({ pod_uid: UID, requests: [requestWindow(1)] });
    expect(mergeTraffic([old, now])).toEqual(now);
    expect(mergeTraffic([now, old])).toEqual(now);
    const unnamed = podTraffic({ requests: [requestWindow(2)] });
    expect(mergeTraffic([unnamed, now])).toMatchObject({ pod_uid: UID, requests: [{}, {}] });
  });

  test('does not depend on which replica is asked first', () => {
    const window = fc
      .record({ ended: fc.integer({ min: 0, max: 4 }), requests: fc.nat({ max: 3 }) })
      .map(({ ended, requests }) => ({ ...requestWindow(ended), requests }));
    const part = fc
      .array(window, { maxLength: 6 })
      .map((requests) => mergeTraffic([podTraffic(), podTraffic({ requests })]));
    const sorted = (requests: readonly { readonly id: string }[]): unknown =>
      [...requests].sort((a, b) => (a.id < b.id ? -1 : 1));
    fc.assert(
      fc.property(part, part, part, (one, two, three) => {
        const all = sorted(mergeTraffic([one, two, three]).requests);
        expect(sorted(mergeTraffic([three, one, two]).requests)).toEqual(all);
        expect(sorted(mergeTraffic([one, one, two, three, two]).requests)).toEqual(all);
      }),
    );
  });
});
