import { expect, it } from 'vitest';
import { turns } from './turns.ts';

it('are given in order, so many in each turn of the event loop', async () => {
  const turn = turns(2);
  const given: string[] = [];
  const everyTurn = (): void => {
    given.push('|');
    if (given.length < 10) setImmediate(everyTurn);
  };
  const work = async (name: string): Promise<void> => {
    for (let times = 0; times < 2; times += 1) {
      await turn();
      given.push(name);
    }
  };
  const working = Promise.all(['a', 'b', 'c'].map(work));
  setImmediate(everyTurn);
  await working;
  expect(given.join('')).toMatch(/^ab\|ca\|bc\|*$/);
});
