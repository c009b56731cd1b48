import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadDefinitions } from './definitions.ts';
import { countMessages } from './message-count.ts';
import { isMessage } from './message.ts';

const { metrics, traces } = await loadDefinitions();

/** The messages within a decoded one, counted by looking at them. */
const within = (value: unknown): number => {
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + within(one), 0);
  if (!isMessage(value) || 'low' in value || value instanceof Uint8Array) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + within(one), 1);
};

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
const field = (number: number, bytes: readonly number[]): number[] => [
  ...varint((number << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];

/** A body of messages within messages, of the shape of metrics: resource, scopes, metrics, gauges, points, attributes. */
const text = fc.string({ maxLength: 8 }).map((value) => field(1, [...Buffer.from(value)]));
const attribute = fc.tuple(text, text).map(([key, value]) => [...key, ...field(2, value)]);
const lists = (number: number, inner: fc.Arbitrary<number[]>) =>
  fc.array(inner, { maxLength: 4 }).map((all) => all.flatMap((bytes) => field(number, bytes)));
const point = lists(7, attribute);
const metric = fc.tuple(text, lists(1, point)).map(([name, points]) => [...name, ...field(5, points)]);
const resourceMetrics = fc
  .tuple(lists(1, attribute), lists(2, lists(2, metric)))
  .map(([resource, scopes]) => [...field(1, resource), ...scopes]);
const body = lists(1, resourceMetrics).map((bytes) => Uint8Array.from(bytes));

it('counts what decoding makes', () => {
  fc.assert(
    fc.property(body, (bytes) => {
      const made = within(metrics.decode(bytes)) - 1;
      expect(countMessages(bytes, metrics.shape, 1_000_000)).toBe(made);
    }),
  );
});

/** Bytes that are nearly a body: some of them changed. */
const broken = fc
  .tuple(body, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }))
  .map(([bytes, changes]) => {
    const changed = Uint8Array.from(bytes);
    for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
    return changed;
  });

it('what it finds well-formed holds as many messages as decoding makes, whatever the bytes are', () => {
  fc.assert(
    fc.property(
      fc.oneof(broken, fc.uint8Array({ maxLength: 64 })),
      fc.constantFrom(metrics, traces),
      (bytes, { shape, decode }) => {
        const count = countMessages(bytes, shape, 1_000_000);
        if (count === null) return;
        let made = 0;
        try {
          made = within(decode(bytes)) - 1;
        } catch {
          // Nothing was made of it: a text that is no UTF-8, for one.
        }
        expect(count).toBeGreaterThanOrEqual(made);
      },
    ),
    { numRuns: 3000 },
  );
});

it('a tag that is not what the definitions say does not hide a message', () => {
  // The decoder reads these as fields of bytes all the same.
  for (const wire of [0, 1, 3, 4, 5, 6, 7]) {
    expect(countMessages(Uint8Array.from([(1 << 3) | wire, 0, 0x0a, 0]), metrics.shape, 10)).toBeNull();
  }
});

it.each([
  ['ends within a number', [0x0a, 0xff]],
  ['ends within a message', [0x0a, 5, 0]],
  ['holds a message that is longer than what it is in', [0x0a, 2, 0x0a, 5, 0, 0, 0, 0, 0]],
  ['holds a group', [0x7b, 0x7c]],
])('a body that %s is not well-formed', (_what, bytes) => {
  expect(countMessages(Uint8Array.from(bytes), metrics.shape, 10)).toBeNull();
});

it('goes no further than it was asked to', () => {
  const empties = Uint8Array.from({ length: 20_000 }, (_, at) => (at % 2 === 0 ? 0x0a : 0));
  expect(countMessages(empties, metrics.shape, 10_000)).toBe(10_000);
  expect(countMessages(empties, metrics.shape, 100)).toBe(101);
});

it('what is nested without end is not well-formed', () => {
  // An attribute that is a list of lists of lists.
  let value: number[] = [];
  for (let depth = 0; depth < 200; depth += 1) value = field(5, field(1, value));
  const bytes = Uint8Array.from(field(1, field(1, field(1, field(2, value)))));
  expect(countMessages(bytes, metrics.shape, 1000)).toBeNull();
});
