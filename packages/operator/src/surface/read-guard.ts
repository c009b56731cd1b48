import type { Request, RequestHandler, Response } from 'express';
import { isKernelGossipError, type Kind } from 'kernel-gossip-types';
import type { AdmitReader, Reading, Visit } from '../authn/read-access.ts';
import { challenge } from './challenge.ts';

/** What tells that a proxy passes a request on. */
const PROXY_HEADERS = ['Forwarded', 'X-Forwarded-For', 'X-Real-IP', 'Via'];

/** Where a request comes from, as far as it decides who may read. */
export const visitOf = (request: Request): Visit => ({
  remoteAddress: request.socket.remoteAddress ?? null,
  localAddress: request.socket.localAddress ?? null,
  host: request.get('Host') ?? null,
  isForwarded: PROXY_HEADERS.some((name) => request.get(name) !== undefined),
  authorization: request.get('Authorization'),
});

/** What a request reads, of these kinds: in the namespace of its path, or in all. */
const readingOf = (request: Request, kinds: readonly Kind[]): Reading => {
  const { namespace } = request.params;
  return { kinds, namespace: typeof namespace === 'string' ? namespace : null };
};

export interface ReadGuardOptions {
  readonly admit: AdmitReader;
  /** Called with what went wrong when nobody could tell who reads. */
  readonly onFailure: (error: unknown) => void;
}

/** Lets a request through whose sender may read these kinds. */
export const reading =
  ({ admit, onFailure }: ReadGuardOptions, kinds: readonly Kind[]): RequestHandler =>
  (request, response, next) => {
    const enter = async (): Promise<void> => {
      const denial = await admit(visitOf(request), readingOf(request, kinds));
      if (denial === null) {
        next();
        return;
      }
      challenge(request, response, denial);
      response.status(denial.status).json({ error: denial.error });
    };
    enter().catch((error: unknown) => {
      onFailure(error);
      if (isKernelGossipError(error)) unavailable(response, error.message);
      else next(error);
    });
  };

/** Whether the sender of a request that was let in may go on reading. Where that cannot be told now, they may. */
export const mayStillRead = (
  { admit }: ReadGuardOptions,
  request: Request,
  kinds: readonly Kind[],
): Promise<boolean> =>
  admit(visitOf(request), readingOf(request, kinds)).then(
    (denial) => denial === null,
    () => true,
  );

const unavailable = (response: Response, error: string): void => {
  response.status(503).set('Retry-After', '1').json({ error });
};
