import { expect, it } from 'vitest';
import { REMEDY_PHASES, type MeasuredPair, type RemedyPhase } from '../resource/index.ts';
import { isGivenUp, measuredMoments } from './measured-moments.ts';

const pair = (): MeasuredPair => ({ container: null, pod: null });
const [before, now, after] = [pair(), pair(), pair()];
const GIVEN_UP: readonly RemedyPhase[] = ['TakingBack', 'TakenBack', 'LeftAlone'];

it('tells what was measured last by whether it is still in force', () => {
  expect(REMEDY_PHASES.filter((phase) => isGivenUp({ phase }))).toEqual(GIVEN_UP);
  for (const phase of REMEDY_PHASES) {
    const [first, last, ...more] = measuredMoments(now, { phase, before, after });
    expect([first?.name, last?.name, more]).toEqual([
      'Before',
      GIVEN_UP.includes(phase) ? 'Tried' : 'After',
      [],
    ]);
    expect(first?.pair).toBe(before);
    expect(last?.pair).toBe(after);
  }
});

it('tells what is measured now as long as nothing was measured after', () => {
  const [, last] = measuredMoments(now, { phase: 'Measuring', before, after: null });
  expect(last?.name).toBe('Now');
  expect(last?.pair).toBe(now);
  expect(measuredMoments(null, { phase: 'Measuring', before: null, after: null })).toEqual([
    { name: 'Before', pair: null },
    { name: 'After', pair: null },
  ]);
});
