import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOperatorClock } from './operator-clock.ts';

const START = Date.UTC(2026, 2, 15, 10);
/** The header `Date` of an answer that began at this moment of the operator's clock. */
const dateOf = (moment: number): string => new Date(moment).toUTCString();

it('knows the time by the operator to a second, however far the browser is off and however slow answers are', () => {
  const answer = fc.record({
    after: fc.nat(5000),
    took: fc.nat(20_000),
    began: fc.double({ min: 0, max: 1 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: -1e8, max: 1e8 }), fc.array(answer, { minLength: 1 }), (ahead, answers) => {
      let real = START;
      const clock = createOperatorClock(() => real + ahead);
      const quickest = Math.min(...answers.map(({ took }) => took));
      for (const { after, took, began } of answers) {
        real += after;
        const askedAt = real + ahead;
        const date = dateOf(real + took * began);
        real += took;
        clock.learn(date, askedAt);
      }
      expect(Math.abs(clock.now() - real)).toBeLessThanOrEqual(1000 + quickest);
      if (ahead === 0) expect(clock.aheadMs()).toBe(0);
    }),
  );
});

it('takes the clock of the browser until it is told another, and learns anew when one of them is set', () => {
  let browser = START + 3_600_000;
  const clock = createOperatorClock(() => browser);
  clock.learn(null, browser);
  clock.learn('yesterday', browser);
  expect([clock.now(), clock.aheadMs()]).toEqual([browser, 0]);
  clock.learn(dateOf(START), browser);
  expect([clock.now(), clock.aheadMs()]).toEqual([START + 500, 3_599_500]);
  browser = START;
  clock.learn(dateOf(START), browser);
  expect([clock.now(), clock.aheadMs()]).toEqual([START, 0]);
});
