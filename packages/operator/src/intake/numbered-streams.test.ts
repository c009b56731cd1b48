import { expect, it } from 'vitest';
import type { Sender } from '../authn/sender.ts';
import { NumberedStreams, type StreamPosition } from './numbered-streams.ts';

const node = (nodeName: string): Sender => ({ kind: 'observer', nodeName });
const at = (first: number, dropped = 0): StreamPosition => ({ stream: 's', first, dropped });
const skipped = (skip: number): Promise<number> => Promise.resolve(skip);

it('takes what was sent again from where it is new', async () => {
  const streams = new NumberedStreams(() => undefined);
  expect(await streams.take(node('a'), at(0), 3, skipped)).toBe(0);
  expect(await streams.take(node('a'), at(0), 3, skipped)).toBe(3);
  expect(await streams.take(node('a'), at(2), 4, skipped)).toBe(1);
});

it('takes again what failed', async () => {
  const streams = new NumberedStreams(() => undefined);
  const away = (): Promise<number> => Promise.reject(new Error('the store is away'));
  await expect(streams.take(node('a'), at(0), 3, away)).rejects.toThrow('away');
  expect(await streams.take(node('a'), at(0), 3, skipped)).toBe(0);
});

it("keeps one sender's stream from another's of the same name", async () => {
  const streams = new NumberedStreams(() => undefined);
  await streams.take(node('a'), at(0), 1000, skipped);
  expect(await streams.take(node('b'), at(0), 3, skipped)).toBe(0);
  expect(await streams.take({ kind: 'anyone' }, at(0), 3, skipped)).toBe(0);
});

it('takes everything of whoever does not number', async () => {
  const streams = new NumberedStreams(() => undefined);
  expect(await streams.take(node('a'), null, 3, skipped)).toBe(0);
  expect(await streams.take(node('a'), null, 3, skipped)).toBe(0);
});

it('tells once what a sender lost', async () => {
  const lost: number[] = [];
  const streams = new NumberedStreams((count) => lost.push(count));
  await streams.take(node('a'), at(0, 5), 1, skipped);
  await streams.take(node('a'), at(0, 5), 1, skipped);
  await streams.take(node('a'), at(1, 7), 1, skipped);
  expect(lost).toEqual([5, 2]);
});
