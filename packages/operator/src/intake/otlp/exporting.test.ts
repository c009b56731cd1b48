import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { right } from 'fp-ts/lib/Either.js';
import { observationOf } from 'kernel-gossip-pxl-scripts';
import { expect, it } from 'vitest';
import { loadDefinitions } from './definitions.ts';
import { exportings } from './exporting.ts';
import type { Message } from './message.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const request = (): Message => {
  const time = String(BigInt(Date.now()) * 1_000_000n);
  const attribute = (key: string, value: unknown): object => ({ key, value });
  return {
    resourceSpans: [
      {
        resource: {
          attributes: [
            attribute('k8s.namespace.name', { stringValue: 'shop' }),
            attribute('k8s.pod.name', { stringValue: 'web-1' }),
          ],
        },
        scopeSpans: [
          {
            spans: [
              {
                kind: 2,
                startTimeUnixNano: time,
                endTimeUnixNano: time,
                attributes: [attribute('http.request.method', { stringValue: 'GET' })],
              },
            ],
          },
        ],
      },
    ],
  };
};

it('does not hold a request, nor its rows, while what they tell is taken in', async () => {
  const seen: WeakRef<object>[] = [];
  const letGo = Promise.withResolvers<undefined>();
  const isTaking = Promise.withResolvers<undefined>();
  const [, traces] = exportings(await loadDefinitions(), {
    take: async (items) => {
      isTaking.resolve(undefined);
      await letGo.promise;
      return { status: 202, answer: { accepted: items.length, rejected: [], error: null } };
    },
    observationOf: (table, row, context) => {
      seen.push(new WeakRef(row));
      return observationOf(table, row, context);
    },
    count: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  const read = () => {
    const message = request();
    seen.push(new WeakRef(message));
    return right(message);
  };
  const taken = traces!.take(read, { kind: 'anyone' });
  await isTaking.promise;
  // A reference that was just made holds until the end of its turn.
  await sleep(1);
  collectGarbage();
  expect(seen.map((ref) => ref.deref())).toEqual([undefined, undefined]);
  letGo.resolve(undefined);
  expect(await taken).toEqual(right({}));
});
