import { expect, test } from 'vitest';
import { Inbox } from './inbox.ts';

async function taken<T>(inbox: Inbox<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of inbox) items.push(item);
  return items;
}

test('hands out in order what came before and while somebody waits, up to the end', async () => {
  const inbox = new Inbox<number>();
  inbox.put(1);
  const all = taken(inbox);
  await Promise.resolve();
  inbox.put(2);
  inbox.put(3);
  inbox.close();
  inbox.put(4);
  expect(await all).toEqual([1, 2, 3]);
});

test('throws after what came before', async () => {
  const inbox = new Inbox<number>();
  inbox.put(1);
  inbox.fail(new Error('over'));
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of inbox) seen.push(item);
    })(),
  ).rejects.toThrow('over');
  expect(seen).toEqual([1]);
});
