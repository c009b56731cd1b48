import { type DecodeFailure, show } from 'kernel-gossip-types';
import { ALL_NAMESPACES, type MaySend } from './access-review.ts';
import type { Sender } from './sender.ts';

/** Says why a sender may not speak about the pods of a namespace; null when it may. */
export type WhyNot = (namespace: string) => DecodeFailure | null;

/** Each of them is a question to the API server, and one request may not ask many. */
const MOST_NAMESPACES = 32;

const nothing: WhyNot = () => null;

/**
 * Finds out of which of these namespaces a sender may speak, as far as RBAC decides that. One question is enough for who
 * may speak of all. Throws `KG_STORE_UNAVAILABLE` when the cluster does not say.
 */
export async function permit(
  sender: Sender,
  namespaces: ReadonlySet<string>,
  maySend: MaySend,
): Promise<WhyNot> {
  if (sender.kind !== 'account' || namespaces.size === 0) return nothing;
  const { identity } = sender;
  if (await maySend(identity, ALL_NAMESPACES)) return nothing;
  const asked = [...namespaces].slice(0, MOST_NAMESPACES);
  const answers = await Promise.all(asked.map((namespace) => maySend(identity, namespace)));
  const permitted = new Map(asked.map((namespace, index) => [namespace, answers[index] === true]));
  return (namespace) => {
    const isPermitted = permitted.get(namespace);
    if (isPermitted === true) return null;
    const expected =
      isPermitted === undefined
        ? `at most ${MOST_NAMESPACES} namespaces in one request`
        : `a namespace where ${identity.username} may create observations.kernel.gossip.io`;
    return { path: 'namespace', expected, got: show(namespace) };
  };
}
