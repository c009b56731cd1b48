import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import {
  REMEDY_PHASES,
  remedyRequest,
  type Remedy,
  type RemedyPhase,
  type RemedyVerb,
} from 'kernel-gossip-types';
import { describe, expect, test } from 'vitest';
import { fullWhisper, OWNER_PATCH, proposed, proven } from '../testing/remedies.ts';
import { ownerCommand, ownerManifest, resizeCommand } from './by-hand.ts';
import { remediesFor, theRemedy } from './choose-remedy.ts';
import { readOwnerPatch } from './owner-patch.ts';
import { templateChanges, whatChangedSince } from './persisting.ts';
import { fits, outcomeOf, whyNot } from './request.ts';

type Parts = Readonly<Record<string, unknown>>;

function remedyOf(parts: Parts): Remedy {
  const remedy = fullWhisper(parts).status?.remedy;
  if (remedy == null) throw new Error('there is no remedy');
  return remedy;
}

const phase = fc.constantFrom<RemedyPhase>(...REMEDY_PHASES);
const verb = fc.constantFrom<RemedyVerb>('approve', 'undo');
const anyRemedy = fc
  .record({
    phase,
    proposal_id: fc.constantFrom('p-1', 'p-2'),
    answered_request: fc.constantFrom(null, 'approve/p-1', 'undo/p-1', 'approve/p-0'),
    from: fc.constantFrom(
      { cpu_limit: '200m', cpu_request: '100m' },
      { cpu_limit: '300m', cpu_request: '100m' },
    ),
  })
  .map((parts) => remedyOf(proposed(parts)));

describe('a request', () => {
  test('is made just where it fits, and otherwise the reason says the phase', () => {
    fc.assert(
      fc.property(verb, anyRemedy, (what, remedy) => {
        const why = whyNot(what, remedy);
        expect(why === null).toBe(fits(what, remedy));
        if (why !== null) {
          expect(why).toContain(remedy.phase);
          // What to do stands behind what is.
          expect(why).toMatch(/^The remedy is \w+: .+\. \S.+/);
        }
      }),
    );
  });

  test('is over when it was answered, and never before anything happened', () => {
    fc.assert(
      fc.property(verb, anyRemedy, anyRemedy, (what, asked, now) => {
        fc.pre(fits(what, asked));
        expect(
          outcomeOf(what, { ...asked, answered_request: null }, { ...asked, answered_request: null }),
        ).toBe(null);
        expect(outcomeOf(what, asked, null)).toEqual({ type: 'gone' });
        const answered = { ...now, answered_request: remedyRequest(what, asked.proposal_id) };
        expect(['done', 'refused']).toContain(outcomeOf(what, asked, answered)?.type);
        const outcome = outcomeOf(what, asked, now);
        // Still open with the same id and no answer: whatever step it takes by itself, there is more to come.
        if (fits(what, now) && now.proposal_id === asked.proposal_id && now.answered_request === null)
          expect(outcome).toBe(null);
        if (outcome?.type === 'superseded') expect(now.proposal_id).not.toBe(asked.proposal_id);
      }),
    );
  });

  test('an earlier step can be undone while the next one is only proposed', () => {
    const second = proposed({ from: { cpu_limit: '300m', cpu_request: '100m' } });
    expect(fits('undo', remedyOf(second))).toBe(true);
    expect(fits('undo', remedyOf(proposed()))).toBe(false);
  });

  test('a proposal without an id cannot be approved', () => {
    expect(whyNot('approve', remedyOf(proposed({ proposal_id: null })))).toContain('no id yet');
  });
});

describe('whose remedy', () => {
  const question = { pod: 'web-1', namespace: 'shop', container: null, kind: null };
  const named = (name: string, parts: Parts, spec: Parts = {}) => ({
    ...fullWhisper(parts, {}, spec),
    metadata: { ...fullWhisper(null).metadata, name },
  });

  test('of a pod made anew, the latest', () => {
    const old = named('old', proven(), { detected_at: '2024-03-14T10:30:00Z' });
    const now = named('now', proposed());
    expect(remediesFor([now, old], question).map(({ whisper }) => whisper.metadata.name)).toEqual(['now']);
  });

  test('of several, the only one that fits; else they are named', () => {
    const app = named('app', proposed());
    const side = named('side', proven({ container_name: 'side' }), { container_name: 'side' });
    const found = remediesFor([app, side], question);
    expect(theRemedy(found, ({ phase: now }) => now === 'Proposed').whisper.metadata.name).toBe('app');
    expect(() => theRemedy(found, () => true)).toThrow(
      '-c app --kind cpu_throttle, or -c side --kind cpu_throttle',
    );
    expect(() => theRemedy(found, () => false)).toThrow('say which one');
    expect(remediesFor([app, side], { ...question, container: 'side' })).toHaveLength(1);
  });
});

describe("the owner's patch", () => {
  const container = (more: Parts): string =>
    JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'app', ...more }] } } } });
  const limits = { limits: { cpu: '400m', memory: '1Gi' }, requests: { cpu: null } };

  test.each([
    [OWNER_PATCH, true],
    [container({ resources: limits }), true],
    [container({ resources: limits, image: 'evil' }), false],
    [container({ resources: limits, command: ['sh'] }), false],
    [container({ resources: { ...limits, claims: [] } }), false],
    [container({ resources: { limits: { 'example.com/gpu': '1' } } }), false],
    [container({}), false],
    ['{"spec":{"replicas":0,"template":{"spec":{"containers":[]}}}}', false],
    ['{"spec":{"template":{"spec":{"serviceAccountName":"admin","containers":[]}}}}', false],
    ['{"metadata":{"labels":{}},"spec":{"template":{"spec":{}}}}', false],
    ['not JSON', false],
  ])('%s: may be applied: %j', (text, allowed) => {
    expect(readOwnerPatch(text) !== null).toBe(allowed);
  });

  test('a shell passes each command on as it stands, whatever the patch holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        // What cannot be seen is written as an escape: that is for eyes, and no longer what is sent.
        fc.pre(!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value));
        const patch = JSON.stringify({ value });
        const whisper = fullWhisper(proposed({ patch }));
        const commands = [
          resizeCommand(whisper, remedyOf(proposed({ patch }))) ?? '',
          ownerCommand('shop', { kind: 'Deployment', name: 'web', managed_by: null, patch }),
        ];
        for (const command of commands) {
          const words = execFileSync('sh', ['-c', `kubectl() { printf '%s\\n' "$@"; }; ${command}`], {
            encoding: 'utf8',
          });
          expect(words.split('\n').slice(0, 2)).toEqual([
            'patch',
            expect.stringMatching(/^(pod|deployment)$/),
          ]);
          expect(words.endsWith(`\n-p\n${patch}\n`)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('of a kind whose group is not known, the manifest names none', () => {
    const owner = { kind: 'Rollout', name: 'web', managed_by: null, patch: OWNER_PATCH };
    expect(ownerManifest('shop', owner)).toMatch(/^kind: Rollout\nmetadata:\n/);
  });
});

describe('a template', () => {
  const patch = readOwnerPatch(OWNER_PATCH);
  if (patch === null) throw new Error('the patch cannot be read');
  const persisting = { owner: { kind: 'Deployment', namespace: 'shop', name: 'web' }, patch } as const;
  const nothing = { cpu_limit: null, cpu_request: null, memory_limit: null, memory_request: null };
  const template = (limit: string | null, name = 'app') =>
    new Map([[name, { ...nothing, cpu_limit: limit }]]);
  const changed = (has: ReturnType<typeof template>) => whatChangedSince(has, persisting, remedyOf(proven()));

  test('is only changed where it is as it was, or has nothing to lose', () => {
    expect(changed(template('200m'))).toBe(null);
    expect(changed(template('400m'))).toBe(null);
    expect(changed(template(null))).toBe(null);
    expect(changed(template('1'))).toBe('Its template was changed meanwhile: cpu limit 1 instead of 200m.');
    expect(changed(template('200m', 'other'))).toBe('Its template has no container app.');
  });

  test('what changed is told for each container', () => {
    expect(templateChanges(template('200m'), template('400m'))).toEqual([
      'container app: CPU limit 200m → 400m',
    ]);
    expect(templateChanges(template('400m'), template('400m'))).toEqual([]);
  });
});
