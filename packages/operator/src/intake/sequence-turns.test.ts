import { setImmediate as later } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SequenceTurns } from './sequence-turns.ts';

describe('SequenceTurns', () => {
  it('does what belongs to one stream in order, also after a failure, and others meanwhile', async () => {
    const turns = new SequenceTurns();
    const said: string[] = [];
    const speak = (stream: string, word: string, fails = false) =>
      turns.inTurn(stream, async () => {
        said.push(`${word} begins`);
        await later();
        if (fails) throw new Error(word);
        said.push(`${word} ends`);
        return word;
      });
    const results = await Promise.allSettled([
      speak('a', 'one'),
      speak('a', 'two', true),
      speak('b', 'other'),
      speak('a', 'three'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(said.filter((text) => !text.startsWith('other'))).toEqual([
      'one begins',
      'one ends',
      'two begins',
      'three begins',
      'three ends',
    ]);
    expect(said.indexOf('other begins')).toBeLessThan(said.indexOf('two begins'));
    expect(turns.size).toBe(0);
  });
});
