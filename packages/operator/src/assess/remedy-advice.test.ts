import { describe, expect, it } from 'vitest';
import { Remedy, decode } from 'kernel-gossip-types';
import { isLeft } from 'fp-ts/lib/Either.js';
import { adviceAfter } from './remedy-advice.ts';

const remedy = (phase: Remedy['phase']): Remedy => {
  const result = decode(Remedy, {
    phase,
    reason: 'Any',
    message: 'any',
    mode: 'Auto',
    container_name: 'app',
    to: { cpu_limit: '510m', memory_limit: '64Mi' },
  });
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

describe('adviceAfter', () => {
  it('is to make last what was proved, and what remains where no limit was enough', () => {
    expect(adviceAfter(remedy('Proven'))).toMatch(/\(510m, 64Mi\) are proved/);
    expect(adviceAfter(remedy('LeftAlone'))).toMatch(/used all it was given/);
  });

  it('leaves the word to the figures otherwise', () => {
    expect(adviceAfter(null)).toBeNull();
    for (const phase of ['Proposed', 'Refused', 'Applying', 'TakenBack', 'SteppedBack'] as const)
      expect(adviceAfter(remedy(phase))).toBeNull();
  });
});
