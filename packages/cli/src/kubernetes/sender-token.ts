import { AUDIENCE, pathOf, type KubeApi } from 'kernel-gossip-operator/kubernetes';
import { isKernelGossipError, KernelGossipError } from 'kernel-gossip-types';
import { textField } from '../target/decode-answer.ts';
import { advised } from './advice.ts';
import { howToGetIt, SENDER, type OperatorPlace } from './operator-place.ts';

/** The shortest life that the API server gives a token. */
const LIFE_SECONDS = 600;
/** A token is used for so long, in milliseconds; what is sent with it then has still a minute to arrive. */
const USED_FOR_MS = (LIFE_SECONDS - 60) * 1000;

function explained(error: unknown, api: KubeApi, place: OperatorPlace): unknown {
  if (isKernelGossipError(error, 'KG_STORE_FORBIDDEN')) {
    const right = `create on serviceaccounts/token of ${SENDER}`;
    return new KernelGossipError(error.code, `${error.message}. ${howToGetIt(right, place)}`, {
      cause: error,
    });
  }
  if (isKernelGossipError(error, 'KG_STORE_NOT_FOUND')) {
    const advice = 'Apply k8s/operator/ of this version, or name its namespace with --operator-namespace.';
    return new KernelGossipError(error.code, `${error.message}. ${advice}`, { cause: error });
  }
  return advised(error, api.server);
}

/** Takes short-lived tokens of the sender's service account, by the TokenRequest API: nothing is kept on any disk. */
export class SenderToken {
  readonly #api: KubeApi;
  readonly #place: OperatorPlace;
  #token: { readonly text: string; readonly takenAt: number } | null = null;

  constructor(api: KubeApi, place: OperatorPlace) {
    this.#api = api;
    this.#place = place;
  }

  async get(): Promise<string> {
    if (this.#token === null || performance.now() - this.#token.takenAt > USED_FOR_MS) {
      const takenAt = performance.now();
      this.#token = { text: await this.#request(), takenAt };
    }
    return this.#token.text;
  }

  async #request(): Promise<string> {
    const { namespace } = this.#place;
    try {
      const answer = await this.#api.request({
        method: 'POST',
        path: pathOf('api', 'v1', 'namespaces', namespace, 'serviceaccounts', SENDER, 'token'),
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: [AUDIENCE], expirationSeconds: LIFE_SECONDS },
        },
      });
      const status = (answer as { readonly status?: unknown } | null)?.status;
      const token = textField(status, 'token');
      if (token !== null) return token;
    } catch (error) {
      throw explained(error, this.#api, this.#place);
    }
    throw new KernelGossipError('KG_REFUSED', 'The API server answered a TokenRequest without a token.');
  }
}
