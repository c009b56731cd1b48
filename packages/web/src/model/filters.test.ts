import fc from 'fast-check';
import { FINDING_KINDS, SEVERITIES } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { whisper } from '../testing/whispers.ts';
import { filtersOf, NO_FILTERS, passes, PHASES, queryOf, searchable } from './filters.ts';

const filters = fc.record({
  namespace: fc.option(fc.string({ minLength: 1 })),
  kind: fc.option(fc.constantFrom(...FINDING_KINDS)),
  severity: fc.option(fc.constantFrom(...SEVERITIES)),
  phase: fc.option(fc.constantFrom(...PHASES)),
  text: fc.string().map((text) => text.toLowerCase()),
});

describe('filters', () => {
  it('come back from the address as they went in', () => {
    fc.assert(
      fc.property(filters, (set) => {
        expect(filtersOf(queryOf(set))).toEqual(set);
      }),
    );
  });

  it('take words that nobody knows for none', () => {
    expect(filtersOf('severity=huge&kind=&phase=<b>&namespace=')).toEqual(NO_FILTERS);
    expect(queryOf(NO_FILTERS)).toBe('');
  });

  it('let through what is like that, in all of it', () => {
    const one = whisper(
      { severity: 'warning', source: { name: 'x', node_name: 'node-7' } },
      { phase: 'Open' },
    );
    const isShown = (query: string): boolean => passes(filtersOf(query), one, searchable(one));
    expect(
      ['', 'severity=warning', 'text=NODE-7', 'namespace=shop&phase=Open&text=web'].map(isShown),
    ).toEqual([true, true, true, true]);
    expect(['severity=critical', 'text=other', 'namespace=bank', 'phase=Resolved'].map(isShown)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(passes(filtersOf('phase=Pending'), whisper(), '')).toBe(true);
  });
});
