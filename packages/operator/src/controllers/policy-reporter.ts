import { isDeepStrictEqual } from 'node:util';
import { withCondition, type RemediationPolicy, type RemediationPolicyStatus } from 'kernel-gossip-types';
import { refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { isGoing } from './going.ts';
import { DONE, type Reconcile } from './outcome.ts';

/** Says on every remediation policy whether this operator acts on it, so that nobody waits for what will not come. */
export const policyReporter =
  (store: Store, index: ObjectIndex<'RemediationPolicy'>, now: () => number): Reconcile =>
  async (key) => {
    const policy = index.get(key);
    if (policy === null || isGoing(policy)) return DONE;
    const status = report(policy, now());
    if (!isDeepStrictEqual(status, policy.status)) {
      await store.applyStatus('RemediationPolicy', refOf(key), {
        manager: 'kernel-gossip-remedy',
        fields: status,
      });
    }
    return DONE;
  };

const report = ({ spec, status, metadata }: RemediationPolicy, nowMs: number): RemediationPolicyStatus => ({
  conditions: withCondition(
    status?.conditions ?? [],
    {
      type: 'InForce',
      status: 'False',
      reason: spec.mode === 'Off' ? 'SwitchedOff' : 'NotSupported',
      message:
        spec.mode === 'Off'
          ? 'The policy is switched off.'
          : 'This version of the operator recommends, and changes no pod. No policy is acted on.',
      observedGeneration: metadata.generation,
    },
    new Date(nowMs).toISOString(),
  ),
  observed_generation: metadata.generation,
});
