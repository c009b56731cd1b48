import type { Rejection } from 'kernel-gossip-types';
import type { MaySend } from '../authn/access-review.ts';
import { permit } from '../authn/permit.ts';
import type { Sender } from '../authn/sender.ts';
import type { Evidence } from '../ledger/evidence.ts';
import type { Indexed } from './decode-observations.ts';

export interface PermittedEvidence {
  readonly evidence: readonly Indexed<Evidence>[];
  /** What this sender may not say. */
  readonly forbidden: readonly Rejection[];
}

/** Keeps what is about namespaces that the sender may speak of. */
export async function permitEvidence(
  evidence: readonly Indexed<Evidence>[],
  sender: Sender,
  maySend: MaySend,
): Promise<PermittedEvidence> {
  const namespaces = new Set(evidence.map(([, { pod }]) => pod.namespace));
  const whyNot = await permit(sender, namespaces, maySend);
  const permitted: Indexed<Evidence>[] = [];
  const forbidden: Rejection[] = [];
  for (const item of evidence) {
    const [index, { pod }] = item;
    const failure = whyNot(pod.namespace);
    if (failure === null) permitted.push(item);
    else forbidden.push({ index, ...failure });
  }
  return { evidence: permitted, forbidden };
}
