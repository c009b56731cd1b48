import { isDeepStrictEqual } from 'node:util';
import {
  withCondition,
  type Condition,
  type RemediationMode,
  type RemediationPolicy,
  type RemediationPolicyStatus,
} from 'kernel-gossip-types';
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
    const status = report(policy, store.name, now());
    if (!isDeepStrictEqual(status, policy.status)) {
      await store.applyStatus('RemediationPolicy', refOf(key), {
        manager: 'kernel-gossip-remedy',
        fields: status,
      });
    }
    return DONE;
  };

const report = (
  { spec, status, metadata }: RemediationPolicy,
  store: Store['name'],
  nowMs: number,
): RemediationPolicyStatus => ({
  conditions: withCondition(
    status?.conditions ?? [],
    {
      type: 'InForce',
      ...inForce(spec.mode, store),
      observedGeneration: metadata.generation,
    },
    new Date(nowMs).toISOString(),
  ),
  observed_generation: metadata.generation,
});

type InForce = Pick<Condition, 'status' | 'reason' | 'message'>;

function inForce(mode: RemediationMode, store: Store['name']): InForce {
  if (store === 'sqlite')
    return {
      status: 'False',
      reason: 'NoCluster',
      message: 'There is no Kubernetes here, and so no pod that could be changed.',
    };
  return { status: 'True', ...IN_FORCE[mode] };
}

const IN_FORCE: Readonly<Record<RemediationMode, Pick<Condition, 'reason' | 'message'>>> = {
  Off: { reason: 'Off', message: 'No remedy is proposed for the pods that it selects.' },
  DryRun: { reason: 'DryRun', message: 'Remedies are shown on the whispers, and nothing is sent.' },
  Auto: {
    reason: 'Auto',
    message:
      'Remedies are applied and proved where the operator may patch pods/resize; the whispers say where it may not.',
  },
};
