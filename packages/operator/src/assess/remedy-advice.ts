import type { Remedy } from 'kernel-gossip-types';

/** What to do once a remedy came to its end; null where what the figures advise still holds. */
export function adviceAfter(remedy: Remedy | null): string | null {
  if (remedy?.phase === 'Proven') {
    const limits = [remedy.to?.cpu_limit, remedy.to?.memory_limit]
      .filter((limit) => limit != null)
      .join(', ');
    return `The limits in force (${limits}) are proved. Make them last in the template of the pod: kgossip remedy persist`;
  }
  return remedy?.phase === 'LeftAlone'
    ? 'It used all it was given, up to the highest limit that was allowed: allow more, give it fewer threads, or leave it'
    : null;
}
