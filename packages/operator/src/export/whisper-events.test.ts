import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelWhisper } from 'kernel-gossip-types';
import { whisperWith } from '../assess/testing.ts';
import { whisperEvents } from './whisper-events.ts';

const whisper = (
  phase: 'Open' | 'Resolved' | null,
  {
    severity = 'critical',
    remedy = null,
  }: { readonly severity?: string; readonly remedy?: object | null } = {},
): KernelWhisper =>
  whisperWith(
    { severity, throttled_percent: 85.5, workload: { kind: 'StatefulSet', name: 'db' } },
    phase === null
      ? null
      : { phase, insight: 'words', remedy, priority: severity === 'critical' ? 'high' : 'low' },
  );

const remedy = (phase: string): object => ({
  phase,
  reason: 'Because',
  message: 'for people',
  mode: 'Auto',
  container_name: 'app',
  from: { cpu_limit: '200m' },
  to: { cpu_limit: '1' },
});

const namesOf = (before: KernelWhisper | null, after: KernelWhisper | null): readonly string[] =>
  whisperEvents(before, after).map(({ name }) => name.replace('kernel_gossip.', ''));

describe('what happened to a whisper', () => {
  it.each([
    ['a new one', null, whisper('Open'), ['whisper.opened']],
    ['one that was over before anybody looked', null, whisper('Resolved'), ['whisper.resolved']],
    ['one that is as it was', whisper('Open'), whisper('Open'), []],
    ['one that got better', whisper('Open'), whisper('Open', { severity: 'info' }), ['whisper.changed']],
    [
      'one of which worse was filed, and not assessed, before anybody looked',
      { ...whisper('Open'), status: whisper('Open', { severity: 'info' }).status },
      whisper('Open'),
      ['whisper.changed'],
    ],
    ['one that ends', whisper('Open'), whisper('Resolved'), ['whisper.resolved']],
    ['one that comes again', whisper('Resolved'), whisper('Open'), ['whisper.opened']],
    ['an open one that is gone', whisper('Open'), null, ['whisper.removed']],
    ['one that was over and is gone', whisper('Resolved'), null, []],
    ['one that nobody knew and is gone', null, null, []],
    ['a remedy', whisper('Open'), whisper('Open', { remedy: remedy('Proposed') }), ['remedy.changed']],
    [
      'a remedy that stays',
      whisper('Open', { remedy: remedy('Measuring') }),
      whisper('Open', { remedy: remedy('Measuring') }),
      [],
    ],
    [
      'the end of both',
      whisper('Open', { remedy: remedy('Measuring') }),
      whisper('Resolved', { remedy: remedy('Proven') }),
      ['whisper.resolved', 'remedy.changed'],
    ],
    ['a remedy that is cleared', whisper('Open', { remedy: remedy('Proposed') }), whisper('Open'), []],
  ])('%s', (_, before, after, names) => {
    expect(namesOf(before, after)).toEqual(names);
  });

  it('says of a remedy what it changes, and warns of one that did not help', () => {
    const [event] = whisperEvents(whisper('Open'), whisper('Open', { remedy: remedy('TakenBack') }));
    expect(event).toMatchObject({
      severity: 'warning',
      body: 'for people',
      attributes: {
        'kernel_gossip.remedy.phase': 'TakenBack',
        'kernel_gossip.remedy.from.cpu_limit': '200m',
        'kernel_gossip.remedy.to.cpu_limit': '1',
        'kernel_gossip.remedy.improvement_percent': null,
        'k8s.statefulset.name': 'db',
      },
    });
  });

  it('opens and ends in turn, whatever becomes of a whisper', () => {
    const states = fc.array(fc.option(fc.constantFrom(whisper('Open'), whisper('Resolved')), { nil: null }));
    fc.assert(
      fc.property(states, (after) => {
        const all = after.flatMap((object, at) => namesOf(after[at - 1] ?? null, object));
        const turns = all.map((name) => (name === 'whisper.opened' ? 1 : -1));
        for (const [at, turn] of turns.entries()) {
          // What is resolved when it is first seen was never told to be open.
          if (turn === 1) expect(turns[at - 1] ?? -1).toBe(-1);
        }
      }),
    );
  });
});
