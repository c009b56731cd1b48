import { expect, it, test } from 'vitest';
import { REMEDY_PHASES, type RemedyPhase } from '../resource/index.ts';
import { changeSent, decisionOf, EARLIER_DECISION } from './remedy-moments.ts';

const TIME = '2026-03-15T10:30:00Z';
const at = Date.parse(TIME);
const ONE = { cpu_limit: '1', cpu_request: null, memory_limit: null, memory_request: null };
const TWO = { ...ONE, cpu_limit: '2' };

test.each([
  ['a change', { from: ONE, to: TWO, applied_at: TIME }, { at, text: 'CPU limit 1 → 2 sent' }],
  ['a change that is not stated', { from: ONE, to: null, applied_at: TIME }, { at, text: 'change sent' }],
  ['nothing, as the old limits were there already', { from: ONE, to: ONE, applied_at: TIME }, null],
  ['nothing yet', { from: ONE, to: TWO, applied_at: null }, null],
])('what was sent last: %s', (_, remedy, sent) => {
  expect(changeSent(remedy)).toEqual(sent);
});

it('names a decision by the phase that it led to, and by no later one', () => {
  const isNamed = (phase: RemedyPhase) => decisionOf({ phase, decided_at: TIME })?.text !== EARLIER_DECISION;
  expect(REMEDY_PHASES.filter((phase) => !isNamed(phase))).toEqual(['Applying', 'Measuring', 'TakingBack']);
  expect(decisionOf({ phase: 'Proven', decided_at: TIME })).toEqual({ at, text: 'Proven' });
  expect(decisionOf({ phase: 'Measuring', decided_at: null })).toBeNull();
});
