import { withCondition, type PixieSourceSpec } from 'kernel-gossip-types';
import type { ObjectRef, Store } from '../../../store/port.ts';
import { updateStatus } from '../../../store/update-status.ts';
import { iso } from './script-state.ts';

/** What is to be said of a Pixie that cannot be asked. */
export interface Unconfigured {
  /** What is configured of it; null where nothing is: then an object is not made, but one that is there is told. */
  readonly spec: PixieSourceSpec | null;
  readonly message: string;
}

/** Says on the PixieSource why nobody asks Pixie. What it knows of windows stays. Throws what the store throws. */
export async function sayNotConfigured(
  store: Store,
  ref: ObjectRef,
  { spec, message }: Unconfigured,
  nowMs: number,
): Promise<void> {
  const metadata = { ...ref, labels: {}, ownerReferences: [] };
  if (spec !== null) await store.apply('PixieSource', { metadata, spec });
  await updateStatus(store, 'PixieSource', ref, {
    manager: 'kernel-gossip-pixie',
    seen: null,
    fieldsFor: ({ status, metadata: { generation } }) => ({
      ...status,
      conditions: withCondition(
        status?.conditions ?? [],
        { type: 'Ready', status: 'False', reason: 'NotConfigured', message, observedGeneration: generation },
        iso(nowMs),
      ),
      observed_generation: generation,
    }),
  });
}
