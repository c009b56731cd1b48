import { RequestContext, HttpMethod, type KubeConfig } from '@kubernetes/client-node';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';
import { fetch, type Response } from 'undici';
import { parseJson, textField } from '../target/decode-answer.ts';
import { refused, whyUnreachable } from '../target/failures.ts';

export interface KubeRequest {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Requests to an API server with a kubeconfig's address, certificates and identity.
 *
 * Of client-node only the configuration and the log-in are used: its generated classes turn times into Date and leave
 * kinds out of list items, and its Watch swallows what it cannot parse, where our codecs want the raw JSON.
 */
export class KubeHttp {
  readonly server: string;
  readonly #config: KubeConfig;
  readonly #timeoutMs: number;

  constructor(config: KubeConfig, timeoutMs: number) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
    this.server = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  }

  /** The answer, whatever its status. */
  async request({ method = 'GET', path, body, signal }: KubeRequest): Promise<Response> {
    const context = await this.#authenticated(path, method);
    const dispatcher = context.getDispatcher();
    try {
      return await fetch(this.server + path, {
        method,
        headers: {
          ...context.getHeaders(),
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Of the same undici as ours (8.x): a dispatcher of another major version would not fit this fetch.
        ...(dispatcher === undefined ? {} : { dispatcher: dispatcher }),
        signal: signal ?? AbortSignal.timeout(this.#timeoutMs),
      });
    } catch (error) {
      throw new KernelGossipError(
        'KG_UNREACHABLE',
        `The API server at ${this.server} does not answer: ${whyUnreachable(error)}. Check --context and \`kubectl cluster-info\`, or name an operator with --url.`,
        { cause: error },
      );
    }
  }

  /** The answer's JSON; throws for any status but 2xx. */
  async json(request: KubeRequest): Promise<unknown> {
    const response = await this.request(request);
    const body = parseJson(await response.text());
    if (!response.ok) throw refused(`GET ${request.path}`, response.status, textField(body, 'message'));
    return body;
  }

  async #authenticated(path: string, method: 'GET' | 'POST'): Promise<RequestContext> {
    try {
      const context = new RequestContext(
        this.server + path,
        method === 'GET' ? HttpMethod.GET : HttpMethod.POST,
      );
      await this.#config.applySecurityAuthentication(context);
      return context;
    } catch (error) {
      throw new KernelGossipError(
        'KG_FORBIDDEN',
        `The log-in of the kubeconfig failed: ${messageOf(error)}. Try \`kubectl auth whoami\`.`,
        { cause: error },
      );
    }
  }
}
