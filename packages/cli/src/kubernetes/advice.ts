import { KubeError } from 'kernel-gossip-operator/kubernetes';
import { KernelGossipError, type ErrorCode } from 'kernel-gossip-types';
import { whyUnreachable } from '../target/failures.ts';

interface Advice {
  readonly code: ErrorCode;
  readonly message: string;
}

const NOT_INSTALLED =
  'The cluster does not know these kinds. Install them: kgossip crds | kubectl apply --server-side -f -';

function adviceFor({ code, status, reason, message, cause }: KubeError, server: string): Advice {
  if (status === null) {
    return {
      code,
      message: `The API server at ${server} does not answer: ${whyUnreachable(cause)}. Check --context and \`kubectl cluster-info\`, or name an operator with --url.`,
    };
  }
  // An object that is missing comes with a reason; a path that is not served, without.
  if (status === 404 && reason === null) return { code: 'KG_STORE_NOT_FOUND', message: NOT_INSTALLED };
  if (status === 401) return { code, message: `${message}. See who you are: kubectl auth whoami` };
  if (code === 'KG_STORE_FORBIDDEN') {
    return {
      code,
      message: `${message}. Name a namespace of yours with -n, or ask for the right: the view role has it; \`kgossip doctor\` shows what is missing.`,
    };
  }
  if (code === 'KG_STORE_UNAVAILABLE' || code === 'KG_STORE_EXPIRED')
    return { code, message: `${message}. Try again.` };
  return { code, message };
}

/** An error of the API server with what to do about it behind; every other error as it is. */
export function advised(error: unknown, server: string): unknown {
  if (!(error instanceof KubeError)) return error;
  const { code, message } = adviceFor(error, server);
  return new KernelGossipError(code, message, { cause: error });
}

/** Does something with the API server; what it throws says what to do. */
export async function withAdvice<A>(server: string, work: () => Promise<A>): Promise<A> {
  try {
    return await work();
  } catch (error) {
    throw advised(error, server);
  }
}
