import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isKernelGossipError, VERSION, type KernelWhisper, type WatchList } from 'kernel-gossip-types';
import type { Authenticate, Denial } from '../authn/authenticate.ts';
import type { Sender } from '../authn/sender.ts';
import { keepWaiting } from '../ledger/remedy-watch.ts';
import type { ObjectIndex } from '../store/object-index.ts';
import { deny } from './challenge.ts';
import { whyRefused } from './read-guard.ts';
import { unavailable } from './unavailable.ts';

export interface WatchesOptions {
  readonly whispers: ObjectIndex<'KernelWhisper'>;
  /** The node of the pod with this UID, as the cluster knows it; null where it does not. */
  readonly nodeOfPod: (podUid: string) => string | null;
  /** Finds out who asks: an observer is told of its own node. */
  readonly authenticate: Authenticate;
  /** Called with what went wrong when nobody could tell who asks. */
  readonly onFailure: (error: unknown) => void;
}

export const WATCHES_PATH = `/api/${VERSION}/watches`;
const MOST_PODS = 1000;
/** `GET /api/v1alpha1/watches`: the pods that the asking observer is to measure, whether anything is wrong with them or not. */
export function watchesRouter({ whispers, nodeOfPod, authenticate, onFailure }: WatchesOptions): Router {
  const waiting = keepWaiting(whispers);
  const answer = async (request: Request, response: Response): Promise<void> => {
    const sender = await authenticate(request.get('Authorization'));
    const isAsked = isLeft(sender) ? sender : whoseNode(sender.right, request);
    if (isLeft(isAsked)) deny(request, response, isAsked.left);
    else if (whispers.isSynced) {
      const isMeant = ({ spec }: KernelWhisper): boolean =>
        isAsked.right(spec.source?.node_name ?? (spec.pod_uid === null ? null : nodeOfPod(spec.pod_uid)));
      const list: WatchList = { pod_uids: podUidsOf([...waiting.values()].filter(isMeant)) };
      response.json(list);
    } else unavailable(response, 'the store has not been read yet; ask again in a moment');
  };
  const router = Router();
  router.get(WATCHES_PATH, (request, response, next) => {
    answer(request, response).catch(next);
  });
  router.use(WATCHES_PATH, identityFailure(onFailure));
  return router;
}

type IsAsked = (nodeName: string | null) => boolean;

/** An observer asks for its own node; where nobody is asked who they are, for the one they name, or else for all. */
function whoseNode(sender: Sender, request: Request): Either<Denial, IsAsked> {
  switch (sender.kind) {
    case 'observer':
      return right((nodeName) => nodeName === sender.nodeName);
    case 'anyone': {
      const denial = whyRefused(request);
      if (denial !== null) return left(denial);
      const named = request.query.node_name;
      return right((nodeName) => named === undefined || nodeName === named);
    }
    case 'account':
      return left({ status: 403, error: "expected an observer's token, which names its node" });
  }
}

/** A pod may have several whispers. */
const podUidsOf = (whispers: readonly KernelWhisper[]): readonly string[] =>
  [...new Set(whispers.flatMap(({ spec }) => spec.pod_uid ?? []))].slice(0, MOST_PODS);

const identityFailure =
  (onFailure: (error: unknown) => void): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    onFailure(error);
    if (response.headersSent || !isKernelGossipError(error)) next(error);
    else unavailable(response, error.message);
  };
