import { isRight } from 'fp-ts/lib/Either.js';
import {
  API_VERSION,
  decode,
  isKernelGossipError,
  KernelGossipError,
  KINDS,
  messageOf,
  type Observation,
} from 'kernel-gossip-types';
import { backOffMs, pause } from '../target/back-off.ts';
import { LIST_CODECS, OBJECT_CODECS } from '../target/codecs.ts';
import { decodeAnswer, parseJson, textField } from '../target/decode-answer.ts';
import { refused } from '../target/failures.ts';
import { readSendAnswer } from '../target/operator-target.ts';
import { readinessOf } from '../target/readiness.ts';
import { linesOf } from '../target/sse.ts';
import type {
  Finding,
  FindingLists,
  FindingResource,
  Findings,
  Heard,
  SendAnswer,
  Target,
} from '../target/target.ts';
import type { KubeHttp } from './kube-http.ts';
import { examineCluster } from './rights.ts';

const PAGE = 500;
/** How long the server is asked to keep a watch open. Shorter than load balancers' usual idle limit of 5 minutes. */
const WATCH_SECONDS = 240;

export interface KubernetesTargetOptions {
  readonly http: KubeHttp;
  readonly origin: string;
  readonly namespace: string;
  /** Where the operator's Service is: the intake is reached through the API server's service proxy. */
  readonly operator: { readonly namespace: string; readonly service: string };
}

interface Listed<K extends FindingResource> {
  readonly objects: readonly Findings[K][];
  readonly resourceVersion: string;
}

/** Speaks to a cluster's API server: findings are read where they are kept, and sent through the service proxy. */
export class KubernetesTarget implements Target {
  readonly description: string;
  readonly defaultNamespace: string;
  readonly #options: KubernetesTargetOptions;

  constructor(options: KubernetesTargetOptions) {
    this.#options = options;
    this.description = `cluster at ${options.http.server} (${options.origin})`;
    this.defaultNamespace = options.namespace;
  }

  async list<K extends FindingResource>(kind: K, namespace: string | null): Promise<FindingLists[K]> {
    const { objects, resourceVersion } = await this.#listAll(kind, namespace);
    // A list of K's objects under K's own list kind; TypeScript does not follow that through a type parameter.
    return {
      apiVersion: API_VERSION,
      kind: `${kind}List`,
      metadata: { resourceVersion },
      items: objects,
    } as unknown as FindingLists[K];
  }

  async *follow<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<Heard<Findings[K]>> {
    let attempt = 0;
    let everHeard = false;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      try {
        const { objects, resourceVersion } = await this.#listAll(kind, namespace);
        yield { type: 'everything', objects };
        everHeard = true;
        attempt = 0;
        yield* this.#watch(kind, { namespace, resourceVersion, signal });
      } catch (error) {
        if (isOver()) return;
        if (!everHeard || isKernelGossipError(error, 'KG_FORBIDDEN', 'KG_NOT_FOUND')) throw error;
        yield { type: 'interrupted', why: messageOf(error) };
        await pause(backOffMs(attempt), signal);
        attempt += 1;
      }
    }
  }

  async send(observations: readonly Observation[]): Promise<SendAnswer> {
    const { http } = this.#options;
    const response = await http.request({
      method: 'POST',
      path: `${this.#proxy()}/webhook/pixie`,
      body: observations.length === 1 ? observations[0] : observations,
    });
    const text = await response.text();
    const status = parseJson(text);
    if (textField(status, 'kind') === 'Status')
      throw this.#proxyRefused(response.status, textField(status, 'message'));
    return readSendAnswer(response.status, response.headers.get('retry-after'), text);
  }

  async examine(): Promise<readonly Finding[]> {
    const { http, namespace } = this.#options;
    const question = 'API server reachable';
    try {
      const version = textField(await http.json({ path: '/version' }), 'gitVersion');
      const reached: Finding = {
        question,
        ok: true,
        answer: `${http.server}, ${version ?? 'version not stated'}`,
        advice: null,
      };
      return [reached, ...(await examineCluster(http, namespace)), ...(await this.#examineOperator())];
    } catch (error) {
      return [
        {
          question,
          ok: false,
          answer: messageOf(error),
          advice: 'Check --context, or name an operator with --url.',
        },
      ];
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #proxy(): string {
    const { namespace, service } = this.#options.operator;
    return `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/http:${encodeURIComponent(service)}:8080/proxy`;
  }

  #proxyRefused(status: number, message: string | null): KernelGossipError {
    const { namespace, service } = this.#options.operator;
    if (status === 403) {
      return new KernelGossipError(
        'KG_FORBIDDEN',
        `The API server refuses: ${message ?? 'no reason given'}. Sending needs create on services/proxy in namespace ${namespace}; or use \`kubectl port-forward -n ${namespace} svc/${service} 8080\` and --url http://127.0.0.1:8080.`,
      );
    }
    return refused(`service ${service} in namespace ${namespace}`, status, message);
  }

  async #examineOperator(): Promise<readonly Finding[]> {
    try {
      const response = await this.#options.http.request({ path: `${this.#proxy()}/ready` });
      const text = await response.text();
      const body = parseJson(text);
      if (textField(body, 'kind') !== 'Status') return readinessOf(body, response.status);
      throw this.#proxyRefused(response.status, textField(body, 'message'));
    } catch (error) {
      return [
        {
          question: 'operator reachable through the API server',
          ok: false,
          answer: messageOf(error),
          advice:
            'Needed for send-* only. Is it deployed? Name its place with --operator-namespace and --operator-service.',
        },
      ];
    }
  }

  #path(kind: FindingResource, namespace: string | null): string {
    const scope = namespace === null ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    return `/apis/${API_VERSION}${scope}/${KINDS[kind].plural}`;
  }

  async #listAll<K extends FindingResource>(kind: K, namespace: string | null): Promise<Listed<K>> {
    const objects: Findings[K][] = [];
    let next = '';
    let resourceVersion: string | null;
    do {
      const query = new URLSearchParams({ limit: String(PAGE), ...(next === '' ? {} : { continue: next }) });
      const body = await this.#options.http.json({
        path: `${this.#path(kind, namespace)}?${query.toString()}`,
      });
      const page = decodeAnswer<FindingLists[K]>(
        LIST_CODECS[kind],
        body,
        `the list of ${KINDS[kind].plural}`,
      );
      objects.push(...(page.items as readonly Findings[K][]));
      ({ resourceVersion } = page.metadata);
      next = textField((body as { readonly metadata?: unknown }).metadata, 'continue') ?? '';
    } while (next !== '');
    return { objects, resourceVersion: resourceVersion ?? '' };
  }

  async *#watch<K extends FindingResource>(
    kind: K,
    from: {
      readonly namespace: string | null;
      readonly resourceVersion: string;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<Heard<Findings[K]>> {
    let version = from.resourceVersion;
    while (!from.signal.aborted) {
      const query = new URLSearchParams({
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: version,
        timeoutSeconds: String(WATCH_SECONDS),
      });
      const path = `${this.#path(kind, from.namespace)}?${query.toString()}`;
      const deadline = AbortSignal.timeout((WATCH_SECONDS + 30) * 1000);
      const response = await this.#options.http.request({
        path,
        signal: AbortSignal.any([from.signal, deadline]),
      });
      if (!response.ok || response.body === null) {
        // 410: the version is too old. The caller lists again.
        throw refused(`the watch of ${KINDS[kind].plural}`, response.status, null);
      }
      for await (const line of linesOf(response.body as AsyncIterable<Uint8Array>)) {
        const event = readWatchEvent(kind, line);
        version = event.resourceVersion ?? version;
        if (event.heard !== null) yield event.heard;
      }
    }
  }
}

interface WatchEvent<K extends FindingResource> {
  readonly heard: Heard<Findings[K]> | null;
  readonly resourceVersion: string | null;
}

function readWatchEvent<K extends FindingResource>(kind: K, line: string): WatchEvent<K> {
  const event = parseJson(line) as { readonly object?: unknown } | undefined;
  const type = textField(event, 'type');
  if (type === 'ERROR') {
    throw new KernelGossipError(
      'KG_STORE_EXPIRED',
      `the watch ended: ${textField(event?.object, 'message') ?? 'no reason given'}`,
    );
  }
  const resourceVersion = textField(
    (event?.object as { readonly metadata?: unknown } | undefined)?.metadata,
    'resourceVersion',
  );
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return { heard: null, resourceVersion };
  const decoded = decode<Findings[K]>(OBJECT_CODECS[kind], event?.object);
  if (!isRight(decoded)) return { heard: null, resourceVersion };
  return {
    heard: { type: 'change', change: { type, object: decoded.right } },
    resourceVersion,
  };
}
