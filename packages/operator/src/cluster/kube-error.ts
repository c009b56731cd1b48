import { KernelGossipError, messageOf, type ErrorCode } from 'kernel-gossip-types';
import { fieldOf, itemsOf, numberOf, textOf } from './raw-fields.ts';

export interface KubeErrorDetails {
  /** HTTP status; null where no answer came. */
  readonly status: number | null;
  /** The `reason` of the API server's Status, like `Expired`. */
  readonly reason: string | null;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
}

/** An error of the API server, or of the way to it. Its message holds the server's own words, and no body or header. */
export class KubeError extends KernelGossipError {
  readonly status: number | null;
  readonly reason: string | null;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, message: string, details: KubeErrorDetails, options?: ErrorOptions) {
    super(code, message, options);
    this.name = 'KubeError';
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
  }
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'KG_STORE_INVALID',
  401: 'KG_STORE_FORBIDDEN',
  403: 'KG_STORE_FORBIDDEN',
  404: 'KG_STORE_NOT_FOUND',
  405: 'KG_STORE_INVALID',
  406: 'KG_STORE_INVALID',
  409: 'KG_STORE_CONFLICT',
  410: 'KG_STORE_EXPIRED',
  413: 'KG_STORE_INVALID',
  415: 'KG_STORE_INVALID',
  422: 'KG_STORE_INVALID',
};

/** The part of a metav1.Status that we use. */
interface Status {
  readonly message: string | null;
  readonly reason: string | null;
  readonly code: number | null;
  readonly retryAfterSeconds: number | null;
  readonly causes: readonly string[];
}

const statusOf = (body: unknown): Status => ({
  message: textOf(fieldOf(body, 'message')),
  reason: textOf(fieldOf(body, 'reason')),
  code: numberOf(fieldOf(body, 'code')),
  retryAfterSeconds: numberOf(fieldOf(body, 'details', 'retryAfterSeconds')),
  causes: itemsOf(fieldOf(body, 'details', 'causes')).flatMap(
    (cause) => textOf(fieldOf(cause, 'reason')) ?? [],
  ),
});

/** Server-side apply answers 500 to a field or a type that the schema lacks, where 422 would be meant (seen in 1.35). */
const WRONG_TYPE = 'failed to create typed patch object';

const codeOf = (status: number, { causes, message, reason }: Status): ErrorCode => {
  // An object that is missing comes with a Status; a path that is not served, as of a CRD not yet installed, without.
  if (status === 404 && reason === null) return 'KG_STORE_UNAVAILABLE';
  // A namespace that is on its way out refuses new objects; no right that someone could grant would help.
  if (status === 403 && causes.includes('NamespaceTerminating')) return 'KG_STORE_NOT_FOUND';
  if (status === 500 && message?.includes(WRONG_TYPE) === true) return 'KG_STORE_INVALID';
  return CODES[status] ?? 'KG_STORE_UNAVAILABLE';
};

/** `Retry-After` as seconds or as a date (RFC 9110, 10.2.3), in milliseconds from now. */
const parseRetryAfter = (header: string | null, now: number): number | null => {
  if (header === null) return null;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
};

/** What to say where the server says nothing of use. */
const WORDS: Readonly<Record<number, string>> = {
  404: 'the server does not know this path; are the CRDs installed?',
};
const LONGEST_MESSAGE = 1000;

/** An answer that is no success, as an error. `what` names the request: `GET /api/v1/pods`. */
export const errorOfResponse = (
  what: string,
  httpStatus: number,
  body: unknown,
  retryAfter: string | null = null,
): KubeError => {
  const answered = statusOf(body);
  const { message, reason, retryAfterSeconds } = answered;
  const words = message ?? WORDS[httpStatus] ?? `the server answered with status ${httpStatus}`;
  return new KubeError(codeOf(httpStatus, answered), `${what}: ${words.slice(0, LONGEST_MESSAGE)}`, {
    status: httpStatus,
    reason,
    retryAfterMs:
      parseRetryAfter(retryAfter, Date.now()) ??
      (retryAfterSeconds === null ? null : retryAfterSeconds * 1000),
  });
};

/** The object of an ERROR event of a watch, as an error. */
export const errorOfStatus = (what: string, body: unknown): KubeError =>
  errorOfResponse(what, statusOf(body).code ?? 500, body);

/** A network's failure, as an error. undici hides the reason one or two causes down. */
export const errorOfNetwork = (what: string, error: unknown): KubeError =>
  new KubeError(
    'KG_STORE_UNAVAILABLE',
    `${what}: ${reasonsOf(error).join(': ')}`,
    { status: null, reason: null, retryAfterMs: null },
    { cause: error },
  );

const reasonsOf = (error: unknown): readonly string[] => {
  const deeper = error instanceof Error && error.cause !== undefined ? reasonsOf(error.cause) : [];
  const code = error instanceof Error && 'code' in error ? textOf(error.code) : null;
  const own = messageOf(error) || (code ?? 'unknown network failure');
  return deeper.includes(own) ? deeper : [own, ...deeper];
};
