import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phaseOf } from './phase.ts';

describe('phaseOf', () => {
  it('is the same each time, below a third of the interval and ten seconds, and another one for others', () => {
    fc.assert(
      fc.property(fc.string(), fc.uuid(), fc.integer({ min: 1, max: 3600 }), (script, cluster, seconds) => {
        const phase = phaseOf(script, cluster, seconds * 1000);
        expect(phase).toBe(phaseOf(script, cluster, seconds * 1000));
        expect(phase).toBeGreaterThanOrEqual(0);
        expect(phase).toBeLessThan(Math.min((seconds * 1000) / 3, 10_000));
      }),
    );
    const names = Array.from({ length: 20 }, (_, index) => `script_${index}`);
    expect(new Set(names.map((name) => phaseOf(name, 'cluster', 60_000))).size).toBeGreaterThan(15);
  });
});
