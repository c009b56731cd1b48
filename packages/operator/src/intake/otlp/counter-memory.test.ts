import { expect, it } from 'vitest';
import { CounterMemory, type CounterReading } from './counter-memory.ts';

const reading = (timeNs: number): CounterReading => ({
  timeNs: BigInt(timeNs),
  periods: 1n,
  throttled: 1n,
  withheldNs: 1n,
  cpuNs: null,
});
const of = (...keys: readonly string[]) => new Map(keys.map((key) => [key, reading(1)]));

it('knows the last reading', () => {
  const memory = new CounterMemory();
  memory.remember(of('a'), 0);
  memory.remember(new Map([['a', reading(2)]]), 1);
  expect(memory.get('a')).toEqual(reading(2));
  expect(memory.get('b')).toBeNull();
});

it('forgets what was not heard of for long', () => {
  const memory = new CounterMemory({ most: 10, keepMs: 1000 });
  memory.remember(of('a', 'b'), 0);
  memory.remember(of('a'), 900);
  memory.remember(of('c'), 1500);
  expect([memory.get('a') !== null, memory.get('b'), memory.size]).toEqual([true, null, 2]);
});

it('goes on with what it knows when it is full', () => {
  const memory = new CounterMemory({ most: 2, keepMs: 1000 });
  memory.remember(of('a', 'b', 'c'), 0);
  memory.remember(of('c', 'b', 'a'), 500);
  expect([memory.get('a') !== null, memory.get('b') !== null, memory.get('c')]).toEqual([true, true, null]);
  memory.remember(of('c'), 2000);
  expect([memory.size, memory.get('c') !== null]).toEqual([1, true]);
});

it('takes back what was not taken, but for what went on from there', () => {
  const memory = new CounterMemory();
  memory.remember(of('a'), 0);
  const takeBack = memory.remember(
    new Map([
      ['a', reading(2)],
      ['b', reading(2)],
      ['c', reading(2)],
    ]),
    1,
  );
  memory.remember(new Map([['c', reading(3)]]), 2);
  takeBack();
  expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([reading(1), null, reading(3)]);
});
