import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  Credentials,
  errorOfNetwork,
  openPortForward,
  type KubeApi,
  type LoadedKubeConfig,
  type PodPort,
} from 'kernel-gossip-operator/kubernetes';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import { findOperatorPods } from './operator-pod.ts';
import { howToGetIt, type OperatorPlace } from './operator-place.ts';
import { mayDo } from './rights.ts';

export interface OperatorRequest {
  readonly method: 'GET' | 'POST';
  /** Path at the operator, like `/ready`. */
  readonly path: string;
  /** Bearer token; null where none is asked for. */
  readonly token: string | null;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** What the operator answered, whatever its status. */
export interface OperatorAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** What one replica answered, or why it did not. */
export interface ReplicaAnswer {
  /** Name of its pod. */
  readonly replica: string;
  readonly answer: OperatorAnswer | { readonly error: unknown };
}

const PORTFORWARD_VERBS = ['get', 'create'] as const;

/**
 * Speaks to the operator over a port-forward to one of its pods. The API server's service proxy would be simpler, but it
 * takes the Authorization header for itself and does not pass it on.
 */
export class ForwardedOperator {
  readonly #api: KubeApi;
  readonly #credentials: Credentials;
  readonly #place: OperatorPlace;
  readonly #timeoutMs: number;

  constructor(api: KubeApi, { config }: LoadedKubeConfig, place: OperatorPlace, timeoutMs: number) {
    this.#api = api;
    this.#credentials = new Credentials(config);
    this.#place = place;
    this.#timeoutMs = timeoutMs;
  }

  /** The operator's own answer; throws with what to do where there is no way to it. One connection for each request. */
  async ask(one: OperatorRequest): Promise<OperatorAnswer> {
    const [pod] = await findOperatorPods(this.#api, this.#place);
    return this.#askPod(one, pod);
  }

  /** What each replica answers. Throws where there is none. */
  async askEach(one: OperatorRequest): Promise<readonly ReplicaAnswer[]> {
    // One that a dual-stack Service lists in two slices is one all the same.
    const pods = new Map((await findOperatorPods(this.#api, this.#place)).map((pod) => [pod.pod, pod]));
    return Promise.all(
      [...pods.values()].map(async (pod) => ({
        replica: pod.pod,
        answer: await this.#askPod(one, pod).catch((error: unknown) => ({ error })),
      })),
    );
  }

  close(): Promise<void> {
    return this.#credentials.close();
  }

  async #askPod(one: OperatorRequest, pod: PodPort): Promise<OperatorAnswer> {
    const connection = await this.#connect(pod);
    try {
      const response = await this.#send(one, connection);
      return {
        status: response.statusCode ?? 0,
        retryAfter: response.headers['retry-after'] ?? null,
        text: await text(response),
      };
    } catch (error) {
      throw errorOfNetwork(`${one.method} ${one.path} at the operator`, error);
    } finally {
      connection.destroy();
    }
  }

  async #connect(target: PodPort): Promise<Duplex> {
    try {
      return await openPortForward({
        server: this.#api.server,
        access: await this.#credentials.access(),
        target,
        timeoutMs: this.#timeoutMs,
      });
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  async #send({ method, path, token, body }: OperatorRequest, connection: Duplex): Promise<IncomingMessage> {
    const sending = request({
      createConnection: () => connection,
      host: this.#place.service,
      method,
      path,
      headers: {
        accept: 'application/json',
        connection: 'close',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    sending.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    return response;
  }

  /** A WebSocket that is refused does not say why; the most likely reason can be asked for. */
  async #explained(error: unknown): Promise<unknown> {
    const { namespace } = this.#place;
    const allowed = await Promise.all(
      PORTFORWARD_VERBS.map((verb) =>
        mayDo(this.#api, { verb, group: '', resource: 'pods', subresource: 'portforward', namespace }),
      ),
    ).catch(() => null);
    const missing = allowed === null ? [] : PORTFORWARD_VERBS.filter((_, index) => !allowed[index]);
    if (missing.length === 0) return error;
    const right = `${missing.join(' and ')} on pods/portforward`;
    const message = `${messageOf(error)}. ${howToGetIt(right, this.#place)}`;
    return new KernelGossipError('KG_STORE_FORBIDDEN', message, { cause: error });
  }
}
