import { KINDS } from 'kernel-gossip-types';
import type { Io } from '../terminal/io.ts';
import { whileWaiting } from '../terminal/while-waiting.ts';
import type { Target } from './target.ts';

/** The same target, which tells a person at a terminal what is waited for when an answer takes longer than a second. */
export function tellingWaits(target: Target, io: Pick<Io, 'showStatus'>): Target {
  const { description, defaultNamespace, remedies } = target;
  return {
    description,
    defaultNamespace,
    remedies,
    list: (kind, namespace) =>
      whileWaiting(io, `reading ${KINDS[kind].plural}`, () => target.list(kind, namespace)),
    follow: (kind, namespace, signal, live) => target.follow(kind, namespace, signal, live),
    send: (observations) =>
      whileWaiting(io, `sending ${observations.length}`, () => target.send(observations)),
    traffic: (pod) =>
      whileWaiting(io, `asking what ${pod.name} sent and answered`, () => target.traffic(pod)),
    examine: () => whileWaiting(io, 'looking at what there is', () => target.examine()),
    versions: () => whileWaiting(io, 'asking for versions', () => target.versions()),
    close: () => target.close(),
  };
}
