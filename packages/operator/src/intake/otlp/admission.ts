import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Authenticate } from '../../authn/authenticate.ts';
import type { Sender } from '../../authn/sender.ts';
import { unavailableBecause } from './exporting.ts';
import type { Gate, Place } from './gate.ts';
import { forbidden, full, unauthenticated, type Refusal } from './refusal.ts';

/** Who sends, and a place for what is sent. */
export interface Admitted {
  readonly sender: Sender;
  readonly place: Place;
}

/** Lets a request in before its body is read, or says why not. */
export type Admit = (
  authorization: string | undefined,
  bytesAtMost: number,
) => Promise<Either<Refusal, Admitted>>;

/** Asks who sends first, so that strangers wait for nothing and hold no place. */
export const admission =
  (gate: Gate, authenticate: Authenticate, onFailure: (error: unknown) => void): Admit =>
  async (authorization, bytesAtMost) => {
    try {
      const sender = await authenticate(authorization);
      if (isLeft(sender)) {
        const { status, error } = sender.left;
        return left(status === 401 ? unauthenticated(error) : forbidden(error));
      }
      const place = await gate.enter(bytesAtMost);
      return place === null
        ? left(full('too much at once; send it again in a moment'))
        : right({ sender: sender.right, place });
    } catch (error) {
      onFailure(error);
      return left(unavailableBecause(error));
    }
  };
