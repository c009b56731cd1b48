import { KernelGossipError, type ErrorCode } from 'kernel-gossip-types';

const CODE_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name cannot be resolved',
  ETIMEDOUT: 'no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'no answer in time',
  ECONNRESET: 'connection reset',
  UND_ERR_SOCKET: 'connection closed',
};

const codeOf = (error: unknown): string | null => {
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string' && error.code in CODE_WORDS) return error.code;
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== null) ?? null;
  return codeOf(error.cause);
};

/** Why no answer came, in a few words. */
export function whyUnreachable(error: unknown): string {
  const code = codeOf(error);
  if (code !== null) return CODE_WORDS[code] ?? code;
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const deepest = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return deepest instanceof Error ? deepest.message : String(deepest);
}

interface Refusal {
  readonly code: ErrorCode;
  readonly advice: string;
}

/** What an HTTP status means for the person who asked. */
export function refusalOf(status: number): Refusal {
  if (status === 401) {
    return {
      code: 'KG_FORBIDDEN',
      advice:
        'Log in: for an operator put a token into KGOSSIP_TOKEN, for a cluster check `kubectl auth whoami`.',
    };
  }
  if (status === 403) {
    return {
      code: 'KG_FORBIDDEN',
      advice: 'Ask for the right; `kgossip doctor` shows which ones are missing.',
    };
  }
  if (status === 404) return { code: 'KG_NOT_FOUND', advice: '`kgossip doctor` shows what is installed.' };
  if (status === 429 || status >= 500) {
    return { code: 'KG_UNREACHABLE', advice: 'Try again; `kgossip doctor` shows what is not ready.' };
  }
  return { code: 'KG_REFUSED', advice: 'Correct the request and send it again.' };
}

/** The error for an answer that is not the one hoped for. */
export function refused(what: string, status: number, message: string | null): KernelGossipError {
  const { code, advice } = refusalOf(status);
  const said = message === null || message === '' ? '' : `: ${message.slice(0, 500)}`;
  return new KernelGossipError(code, `${what} answered ${status}${said}. ${advice}`);
}
