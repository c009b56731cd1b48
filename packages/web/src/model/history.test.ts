import type { KernelWhisper } from 'kernel-gossip-types';
import { expect, it } from 'vitest';
import { whisper } from '../testing/whispers.ts';
import { KEPT_STATES, KEPT_WHISPERS, remember } from './history.ts';

const at = (second: number): KernelWhisper =>
  whisper({ measured_at: new Date(Date.UTC(2026, 2, 15) + second * 1000).toISOString() });

it('keeps states with other figures, the newest of them, of so many whispers', () => {
  const history = new Map<string, readonly KernelWhisper[]>();
  remember(history, 'first', at(0));
  remember(history, 'first', at(0));
  expect(history.get('first')).toHaveLength(1);
  for (let second = 1; second < KEPT_STATES * 2; second += 1) remember(history, 'first', at(second));
  expect(history.get('first')).toHaveLength(KEPT_STATES);
  expect(history.get('first')?.at(-1)).toEqual(at(KEPT_STATES * 2 - 1));
  const one = at(1);
  for (let other = 0; other < KEPT_WHISPERS; other += 1) remember(history, `other ${other}`, one);
  expect(history.size).toBe(KEPT_WHISPERS);
  expect(history.has('first')).toBe(false);
});
