import type { Request, RequestHandler } from 'express';
import { isKernelGossipError, type Kind } from 'kernel-gossip-types';
import { bearerOf, type Denial } from '../authn/authenticate.ts';
import { refuseRebound, type AdmitReader, type Reading, type Visit } from '../authn/read-access.ts';
import { expiryOf } from '../authn/token-review.ts';
import { deny } from './challenge.ts';
import { unavailable } from './unavailable.ts';

/** What tells that a proxy passes a request on. */
const PROXY_HEADERS = ['Forwarded', 'X-Forwarded-For', 'X-Real-IP', 'Via'];

/** Setting of the application whose server can be reached from this machine only. */
export const LOOPBACK_ONLY = 'loopback only';

/** Where a request comes from, as far as it decides who may read. */
export const visitOf = (request: Request): Visit => ({
  remoteAddress: request.socket.remoteAddress ?? null,
  localAddress: request.socket.localAddress ?? null,
  host: request.get('Host') ?? null,
  isLoopbackOnly: request.app.enabled(LOOPBACK_ONLY),
  isForwarded: PROXY_HEADERS.some((name) => request.get(name) !== undefined),
  authorization: request.get('Authorization'),
});

/** Why a request is refused where nobody is asked for a token; null where it is not. */
export const whyRefused = (request: Request): Denial | null => refuseRebound(visitOf(request));

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
      deny(request, response, denial);
    };
    enter().catch((error: unknown) => {
      onFailure(error);
      if (isKernelGossipError(error)) unavailable(response, error.message);
      else next(error);
    });
  };

/** Says whether the sender of a request that was let in may go on reading. */
export type ReaderCheck = () => Promise<boolean>;

/** How long a reader may go on who cannot be checked: an API server that is away for a moment ends no stream. */
const LONGEST_UNCHECKED_MS = 60_000;

/**
 * Checks over and over who was let in to read these kinds. Who cannot be checked may go on for a while, though not
 * beyond what their token itself says.
 */
export const readerChecks =
  ({ admit, onFailure }: ReadGuardOptions, kinds: readonly Kind[]) =>
  (request: Request): ReaderCheck => {
    let checkedAt = performance.now();
    return async () => {
      try {
        const denial = await admit(visitOf(request), readingOf(request, kinds));
        checkedAt = performance.now();
        return denial === null;
      } catch (error) {
        if (performance.now() - checkedAt < LONGEST_UNCHECKED_MS && !hasExpired(request)) return true;
        onFailure(error);
        return false;
      }
    };
  };

const hasExpired = (request: Request): boolean => {
  const token = bearerOf(request.get('Authorization'));
  const expiry = token === null ? null : expiryOf(token);
  return expiry !== null && expiry <= Date.now();
};
