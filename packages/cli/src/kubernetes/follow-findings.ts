import { decodeResource, reflect, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import type { FindingResource, Findings, Heard } from '../target/target.ts';
import { advised } from './advice.ts';
import { Inbox } from './inbox.ts';

export interface FollowOptions<K extends FindingResource> {
  readonly api: KubeApi;
  readonly kind: K;
  /** The collection, of one namespace or of all. */
  readonly path: string;
  /** Told of an object that is not what its kind should be; it is left out. */
  readonly undecodable: (object: { readonly namespace: string; readonly name: string }) => void;
  /** Told when the watch stands again. */
  readonly live: () => void;
}

/** Failures that do not pass by waiting. */
const isLasting = (error: unknown): boolean =>
  isKernelGossipError(error, 'KG_STORE_FORBIDDEN', 'KG_CONFIG_INVALID');

/** Hears of everything there is, then of each change, through every failure but a first or a lasting one. */
export async function* followFindings<K extends FindingResource>(
  { api, kind, path, undecodable, live }: FollowOptions<K>,
  signal: AbortSignal,
): AsyncGenerator<Heard<Findings[K]>> {
  const inbox = new Inbox<Heard<Findings[K]>>();
  const ending = new AbortController();
  let everHeard = false;
  const failed = (error: unknown): void => {
    if (!everHeard || isLasting(error)) inbox.fail(advised(error, api.server));
    // A 410 says only that the server forgot where we stood: all is listed again at once, and nothing is missed.
    else if (!isKernelGossipError(error, 'KG_STORE_EXPIRED'))
      inbox.put({ type: 'interrupted', why: messageOf(error) });
  };
  const reflecting = reflect<Findings[K]>(
    {
      api,
      path,
      project: (raw) => decodeResource(kind, raw),
      handler: {
        replace: (objects) => {
          everHeard = true;
          inbox.put({ type: 'everything', objects });
        },
        change: (change) => inbox.put({ type: 'change', change }),
      },
      observer: { failed, undecodable, watchGap: live },
    },
    AbortSignal.any([signal, ending.signal]),
  ).finally(() => inbox.close());
  try {
    yield* inbox;
  } finally {
    ending.abort();
    await reflecting;
  }
}
