import fc from 'fast-check';
import { SEVERITIES, type KernelWhisper } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { whisper } from '../testing/whispers.ts';
import { groupsOf, openBySeverity, placed, urgentFirst, whisperKey, type Group } from './groups.ts';
import { rowsOf } from './rows.ts';

const whispers = fc.uniqueArray(
  fc
    .record({
      name: fc.stringMatching(/^[a-z]{1,4}$/),
      severity: fc.constantFrom(...SEVERITIES),
      workload: fc.option(fc.constantFrom('web', 'cart', 'db')),
      phase: fc.constantFrom('Open', 'Resolved'),
      minute: fc.integer({ min: 10, max: 59 }),
    })
    .map(({ name, severity, workload, phase, minute }) =>
      whisper(
        {
          pod_name: name,
          severity,
          workload: workload === null ? null : { kind: 'Deployment', name: workload },
          detected_at: `2026-03-15T10:${minute}:00Z`,
        },
        { phase },
        name,
      ),
    ),
  { selector: whisperKey, maxLength: 40 },
);

const names = (some: readonly KernelWhisper[]): readonly string[] => some.map(whisperKey);

const grouped = (some: readonly KernelWhisper[]): readonly Group[] => groupsOf(some.map(placed));
const whispersIn = ({ members }: Group): readonly KernelWhisper[] => members.map(({ whisper: one }) => one);

describe('groups', () => {
  it('hold every whisper once, the worst first, by whatever order they came', () => {
    fc.assert(
      fc.property(whispers, (some) => {
        const groups = grouped(some);
        const all = groups.flatMap(whispersIn);
        expect(new Set(names(all))).toEqual(new Set(names(some)));
        expect(all).toHaveLength(some.length);
        for (const group of groups.map(whispersIn)) expect(names(urgentFirst(group))).toEqual(names(group));
        const heads = groups.flatMap((group) => whispersIn(group).slice(0, 1));
        expect(names(urgentFirst(heads))).toEqual(names(heads));
        expect(grouped(some.toReversed())).toEqual(groups);
      }),
    );
  });

  it('have a head in the list only where there are several whispers', () => {
    fc.assert(
      fc.property(whispers, (some) => {
        const groups = grouped(some);
        const heads = rowsOf(groups).filter(({ type }) => type === 'group');
        expect(heads).toHaveLength(groups.filter((group) => group.members.length > 1).length);
      }),
    );
  });

  it('keep rows in their places when a whisper is merely repeated', () => {
    const before = [
      whisper({}, { phase: 'Open', observations: 1 }, 'a'),
      whisper({}, { phase: 'Open' }, 'b'),
    ];
    const after = [
      whisper({}, { phase: 'Open', last_seen: '2026-03-15T11:00:00Z' }, 'b'),
      whisper({}, { phase: 'Open', observations: 9 }, 'a'),
    ];
    expect(names(urgentFirst(after))).toEqual(names(urgentFirst(before)));
  });

  it('are counted by severity, without what is over', () => {
    expect(
      openBySeverity([
        whisper(),
        whisper({ severity: 'info' }, { phase: 'Open' }),
        whisper({}, { phase: 'Resolved' }),
      ]),
    ).toEqual({ critical: 1, warning: 0, info: 1 });
  });
});
