import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Change, Resource } from 'kernel-gossip-types';
import { selections, type Selection } from './selection.ts';

const object = (namespace: string, pod: string, second: number): Resource =>
  ({
    kind: 'KernelWhisper',
    metadata: { namespace, name: 'x', creationTimestamp: new Date(second * 1000).toISOString() },
    spec: { pod_name: pod },
  }) as unknown as Resource;

/** Few names and times, so that some of them meet. */
const objects = fc.array(
  fc.tuple(fc.constantFrom('shop', 'bank'), fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 9 })),
);
const selection: fc.Arbitrary<Selection> = fc.record({
  namespace: fc.constantFrom(null, 'shop', 'bank'),
  pod: fc.constantFrom(null, 'a', 'b'),
  newest: fc.option(fc.integer({ min: 1, max: 5 })),
});

/** An index of these, which changes when it is told to. */
const indexOf = (held: Resource[]) => {
  let changed: (change: Change) => void = () => undefined;
  const select = selections({
    values: () => [...held],
    listen: (listener: (change: Change) => void) => {
      changed = listener;
      return () => undefined;
    },
  });
  const add = (one: Resource): void => {
    held.push(one);
    changed({ type: 'ADDED', object: one });
  };
  return { select, add };
};

it('holds what is asked for, the newest first where only so many are', () => {
  fc.assert(
    fc.property(objects, selection, (parts, wanted) => {
      const all = parts.map((of) => object(...of));
      const { namespace, pod, newest } = wanted;
      const picked = indexOf(all).select(wanted);
      const meant = all.filter(
        ({ metadata, spec }) =>
          (namespace ?? metadata.namespace) === metadata.namespace &&
          [null, Reflect.get(spec, 'pod_name')].includes(pod),
      );
      expect(picked).toHaveLength(Math.min(meant.length, newest ?? Infinity));
      if (newest === null) expect(picked).toEqual(meant);
      const made = ({ metadata }: Resource): string => metadata.creationTimestamp ?? '';
      const latest = meant.map(made).toSorted().reverse().slice(0, picked.length);
      if (newest !== null) expect(picked.map(made)).toEqual(latest);
    }),
  );
});

it('is the same list for all who ask until something changes, however many ask for something else', () => {
  const { select, add } = indexOf([object('shop', 'a', 1)]);
  const all: Selection = { namespace: null, pod: null, newest: null };
  const first = select(all);
  expect(select({ ...all })).toBe(first);
  add(object('bank', 'b', 2));
  const second = select(all);
  expect([first.length, second.length]).toEqual([1, 2]);
  for (let pod = 0; pod < 100; pod += 1) select({ ...all, pod: `p${pod}` });
  expect(select(all)).toEqual(second);
});
