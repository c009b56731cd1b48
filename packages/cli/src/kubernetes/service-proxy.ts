import {
  Credentials,
  errorOfNetwork,
  errorOfResponse,
  pathOf,
  type LoadedKubeConfig,
} from 'kernel-gossip-operator/kubernetes';
import { KernelGossipError, type ErrorCode } from 'kernel-gossip-types';
import { parseJson, textField } from '../target/decode-answer.ts';
import { advised } from './advice.ts';

/** Where the operator's Service is. */
export interface OperatorPlace {
  readonly namespace: string;
  readonly service: string;
}

export interface ProxyRequest {
  readonly method: 'GET' | 'POST';
  /** Path at the operator, like `/ready`. */
  readonly path: string;
  readonly body?: unknown;
}

/** What the operator answered, whatever its status. */
export interface ProxyAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

const PORT = 8080;

/**
 * Speaks to the operator through the API server's service proxy.
 *
 * The API client of the operator throws for every status but 2xx and lets go of the body, where a refused observation
 * has its reasons; so requests go through here as they are, with the same credentials and connections of their own.
 */
export class ServiceProxy {
  readonly #server: URL;
  readonly #credentials: Credentials;
  readonly #place: OperatorPlace;
  readonly #timeoutMs: number;

  constructor(loaded: LoadedKubeConfig, place: OperatorPlace, timeoutMs: number) {
    this.#server = new URL(loaded.server);
    this.#credentials = new Credentials(loaded.config);
    this.#place = place;
    this.#timeoutMs = timeoutMs;
  }

  /** The operator's own answer; throws what the API server has against passing the request on. */
  async ask(request: ProxyRequest): Promise<ProxyAnswer> {
    const answer = await this.#sendTwice(request);
    const body = parseJson(answer.text);
    if (textField(body, 'kind') === 'Status') throw this.#refused(request, answer, body);
    return answer;
  }

  close(): Promise<void> {
    return this.#credentials.close();
  }

  async #sendTwice(request: ProxyRequest): Promise<ProxyAnswer> {
    const answer = await this.#send(request);
    return answer.status === 401 && this.#credentials.renew() ? this.#send(request) : answer;
  }

  async #send({ method, path, body }: ProxyRequest): Promise<ProxyAnswer> {
    const { headers, requests } = await this.#credentials.access();
    const { namespace, service } = this.#place;
    const place = pathOf(
      'api',
      'v1',
      'namespaces',
      namespace,
      'services',
      `http:${service}:${PORT}`,
      'proxy',
    );
    try {
      const answer = await requests.request({
        origin: this.#server.origin,
        path: this.#server.pathname.replace(/\/+$/, '') + place + path,
        method,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      const retryAfter = answer.headers['retry-after'];
      return {
        status: answer.statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
        text: await answer.body.text(),
      };
    } catch (error) {
      throw advised(errorOfNetwork(`${method} ${path}`, error), this.#server.href.replace(/\/$/, ''));
    }
  }

  #refused(
    { method, path }: ProxyRequest,
    { status, retryAfter }: ProxyAnswer,
    body: unknown,
  ): KernelGossipError {
    const { code, message } = errorOfResponse(
      `${method} ${path} through the service proxy`,
      status,
      body,
      retryAfter,
    );
    return new KernelGossipError(code, `${message}${this.#adviceOn(code, method)}`);
  }

  #adviceOn(code: ErrorCode, method: ProxyRequest['method']): string {
    const { namespace, service } = this.#place;
    if (code === 'KG_STORE_FORBIDDEN') {
      const verb = method === 'GET' ? 'get' : 'create';
      return `. This needs ${verb} on services/proxy in namespace ${namespace}; or use \`kubectl port-forward -n ${namespace} svc/${service} ${PORT}\` and --url http://127.0.0.1:${PORT}.`;
    }
    if (code === 'KG_STORE_NOT_FOUND')
      return '. Is the operator deployed? Name its Service with --operator-namespace and --operator-service.';
    if (code === 'KG_STORE_UNAVAILABLE')
      return `. Does an operator run behind service ${service}? \`kubectl get pods,endpointslices -n ${namespace}\` shows it.`;
    return '';
  }
}
