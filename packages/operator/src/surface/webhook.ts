import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import { type Either, isLeft, isRight, left } from 'fp-ts/lib/Either.js';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import type { Authenticate, Denial } from '../authn/authenticate.ts';
import type { Sender } from '../authn/sender.ts';
import { refusal, takeIn, type IntakeParts, type IntakeResult } from '../intake/intake.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { challenge } from './challenge.ts';
import { whyRefused } from './read-guard.ts';
import { streamPosition } from './stream-position.ts';
import { RETRY_AFTER_SECONDS } from './unavailable.ts';

/** The largest body that is read: some 20,000 observations. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

const LIMITS: AdmissionLimits = { requests: 512, bytes: 8 * MAX_BODY_BYTES };

export interface WebhookOptions {
  readonly intake: IntakeParts;
  /** Finds out who sends, before the body is read. */
  readonly authenticate: Authenticate;
  readonly limits?: AdmissionLimits;
  /** Called with what went wrong when a request could not be stored. */
  readonly onFailure: (error: unknown) => void;
}

/** `POST /webhook/pixie`: takes observations in, as the integration guide documents it. */
export function webhookRouter({ intake, authenticate, limits = LIMITS, onFailure }: WebhookOptions): Router {
  const admission = new Admission(limits);
  const router = Router();
  router.post('/webhook/pixie', requireJson, (request, response, next) => {
    const place = admission.enter(bytesAtMost(request));
    if (place === null) {
      response.set('Retry-After', RETRY_AFTER_SECONDS);
      send(response, { status: 429, answer: refusal('too much at once; send it again in a moment') });
      return;
    }
    response.once('close', () => {
      place.leave();
    });
    const take = async (): Promise<void> => {
      const sender = await senderOf(request, authenticate);
      if (isLeft(sender)) {
        challenge(request, response, sender.left);
        send(response, { status: sender.left.status, answer: refusal(sender.left.error) });
        return;
      }
      const body = await readBody(request, response);
      place.shrinkTo(body.byteLength);
      const origin = {
        sender: sender.right,
        defaultSource: sourceOf(request.get('X-Source')),
        position: streamPosition((name) => request.get(name)),
      };
      send(response, await takeIn(body, origin, intake));
    };
    take().catch(next);
  });
  router.use('/webhook/pixie', unreadableBody, storeFailure(onFailure));
  return router;
}

/** Who sends. Where nobody is asked, whoever is on this machine may. */
async function senderOf(request: Request, authenticate: Authenticate): Promise<Either<Denial, Sender>> {
  const sender = await authenticate(request.get('Authorization'));
  const isAnyone = isRight(sender) && sender.right.kind === 'anyone';
  const denial = isAnyone ? whyRefused(request) : null;
  return denial === null ? sender : left(denial);
}

const parseRaw: RequestHandler = express.raw({ type: () => true, limit: MAX_BODY_BYTES });

/** The body, decompressed. Rejects with a `BodyError` when it cannot be read. */
const readBody = (request: Request, response: Response): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    void parseRaw(request, response, (error?: unknown) => {
      const body: unknown = request.body;
      if (error !== undefined) reject(error instanceof Error ? error : new Error(messageOf(error)));
      else resolve(body instanceof Uint8Array ? body : new Uint8Array());
    });
  });

/** Only JSON: a browser cannot send it across origins without asking first, which keeps web pages out. */
const requireJson: RequestHandler = (request, response, next) => {
  const isJson = request.is(['application/json', 'application/*+json']);
  if (typeof isJson === 'string' || isJson === null) next();
  else send(response, { status: 415, answer: refusal('expected Content-Type: application/json') });
};

/** What a compressed body will be once it is read is not known before. */
const bytesAtMost = (request: Request): number =>
  request.get('Content-Encoding') === undefined
    ? Math.min(Number(request.get('Content-Length') ?? MAX_BODY_BYTES), MAX_BODY_BYTES)
    : MAX_BODY_BYTES;

const DEFAULT_SOURCE = 'webhook';

/** The sender's own name for itself, as the guide sends it, where it is one that may be shown. */
const sourceOf = (header: string | undefined): string =>
  header !== undefined && /^[\w.:/-]{1,63}$/.test(header) ? header : DEFAULT_SOURCE;

interface Answer extends Pick<IntakeResult, 'answer'> {
  readonly status: number;
}

const send = (response: Response, { status, answer }: Answer): void => {
  response.status(status).json(answer);
};

interface BodyError {
  readonly status: number;
  readonly message: string;
}
const isBodyError = (error: unknown): error is BodyError =>
  error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500;

const unreadableBody: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (!isBodyError(error)) {
    next(error);
    return;
  }
  // What is left of the body will not be read, so the connection cannot be used again.
  response.set('Connection', 'close');
  const message = error.status === 413 ? `expected a body of at most ${MAX_BODY_BYTES} bytes` : error.message;
  send(response, { status: error.status, answer: refusal(message) });
};

const storeFailure =
  (onFailure: (error: unknown) => void): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    onFailure(error);
    if (response.headersSent) {
      next(error);
      return;
    }
    response.set('Retry-After', RETRY_AFTER_SECONDS);
    const message = isKernelGossipError(error) ? error.message : 'the store cannot be written now';
    send(response, { status: 503, answer: refusal(message) });
  };
