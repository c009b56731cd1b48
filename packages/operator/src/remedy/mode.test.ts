import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, mandateFor } from './mode.ts';
import { policyOf } from './testing.ts';

const pod = (remediation: string | null = null) => ({
  labels: { app: 'shop', tier: 'web' },
  remediation,
  kind: 'cpu_throttle' as const,
});

describe('mandateFor', () => {
  it('shows and does not change where nobody says anything', () => {
    expect(mandateFor(pod(), [])).toEqual({
      mode: 'DryRun',
      decidedBy: 'default: no policy selects the pod',
      limits: DEFAULT_LIMITS,
      hours: [],
    });
  });

  it('takes policies that select the pod and its kind of trouble', () => {
    const policies = [
      policyOf('auto', { mode: 'Auto', pod_selector: { match_labels: { app: 'shop' } } }),
      policyOf('other', { mode: 'Off', pod_selector: { match_labels: { app: 'bank' } } }),
      policyOf('memory', { mode: 'Off', kinds: ['memory_pressure'] }),
    ];
    expect(mandateFor(pod(), policies)).toMatchObject({ mode: 'Auto', decidedBy: 'policy auto' });
  });

  it('lets the stricter of two win, and says so', () => {
    const policies = [policyOf('auto', { mode: 'Auto' }), policyOf('dry', { mode: 'DryRun' })];
    expect(mandateFor(pod(), policies)).toMatchObject({
      mode: 'DryRun',
      decidedBy: 'policy dry; policy auto says Auto, and the stricter wins',
    });
    expect(mandateFor(pod('Auto'), policies.slice(1))).toMatchObject({ mode: 'DryRun' });
    expect(mandateFor(pod('Off'), policies.slice(0, 1))).toMatchObject({ mode: 'Off' });
  });

  it('takes the annotation alone, and one that it cannot read for Off', () => {
    expect(mandateFor(pod('Auto'), [])).toMatchObject({
      mode: 'Auto',
      decidedBy: 'annotation kernel-gossip.io/remediation',
    });
    expect(mandateFor(pod('auto'), [])).toMatchObject({ mode: 'Off' });
  });

  it('is never less strict for one more policy', () => {
    const modes = ['Off', 'DryRun', 'Auto'] as const;
    const anyPolicy = fc
      .record({
        mode: fc.constantFrom(...modes),
        factor: fc.integer({ min: 1, max: 100 }),
        cores: fc.option(fc.integer({ min: 1, max: 9 })),
      })
      .map(({ mode, factor, cores }) =>
        policyOf('any', { mode, limits: { ...DEFAULT_LIMITS, max_factor: factor, max_cpu_cores: cores } }),
      );
    fc.assert(
      fc.property(fc.array(anyPolicy, { minLength: 1, maxLength: 5 }), anyPolicy, (policies, more) => {
        const before = mandateFor(pod(), policies);
        const after = mandateFor(pod(), [...policies, more]);
        expect(modes.indexOf(after.mode)).toBeLessThanOrEqual(modes.indexOf(before.mode));
        expect(after.limits.max_factor).toBeLessThanOrEqual(before.limits.max_factor);
        expect(after.limits.max_cpu_cores ?? Infinity).toBeLessThanOrEqual(
          before.limits.max_cpu_cores ?? Infinity,
        );
      }),
    );
  });
});
