import {
  openKubeApi,
  openKubernetesStore,
  pathOf,
  type KubeApi,
  type LoadedKubeConfig,
  type Store,
} from 'kernel-gossip-operator/kubernetes';
import type { ObservationJson } from 'kernel-gossip-pxl-scripts';
import { API_VERSION, GROUP, KINDS, messageOf, VERSION, type About } from 'kernel-gossip-types';
import { parseJson, textField } from '../target/decode-answer.ts';
import { asked } from '../target/asked.ts';
import { refused } from '../target/failures.ts';
import { ABOUT_PATH, readAbout, readSendAnswer } from '../target/operator-target.ts';
import { readinessOf } from '../target/readiness.ts';
import type {
  Finding,
  FindingLists,
  FindingResource,
  Findings,
  Heard,
  SendAnswer,
  ServerVersions,
  Target,
} from '../target/target.ts';
import type { RemedyAccess } from '../target/remedy-access.ts';
import { trafficPath, type PodRef, type TrafficAnswer } from '../target/traffic.ts';
import { advised, withAdvice } from './advice.ts';
import { followFindings } from './follow-findings.ts';
import { gatherTraffic } from './gather-traffic.ts';
import { ForwardedOperator } from './forwarded-operator.ts';
import type { OperatorPlace } from './operator-place.ts';
import { remedyAccess } from './remedy-access.ts';
import { examineCluster, examineSending } from './rights.ts';
import { SenderToken } from './sender-token.ts';
import { servedVersions } from './served-versions.ts';

export interface KubernetesTargetOptions {
  readonly loaded: LoadedKubeConfig;
  readonly origin: string;
  readonly namespace: string;
  readonly operator: OperatorPlace;
  /** For each request; a watch lasts as long as it is wanted. */
  readonly timeoutMs: number;
  /** Tells the person something beside the output. */
  readonly note: (text: string) => void;
}

/** The same API, its requests given up after a time of ours. */
const hurried = (api: KubeApi, timeoutMs: number): KubeApi => ({
  server: api.server,
  request: (request) => api.request({ timeoutMs, ...request }),
  watch: (watch) => api.watch(watch),
  close: () => api.close(),
});

const collection = (kind: FindingResource, namespace: string | null): string =>
  pathOf(
    'apis',
    GROUP,
    VERSION,
    ...(namespace === null ? [] : ['namespaces', namespace]),
    KINDS[kind].plural,
  );

/** Speaks to a cluster's API server: findings are read where they are kept, and sent to a pod of the operator. */
export class KubernetesTarget implements Target {
  readonly description: string;
  readonly defaultNamespace: string;
  readonly remedies: RemedyAccess;
  readonly #options: KubernetesTargetOptions;
  readonly #api: KubeApi;
  readonly #store: Store;
  readonly #operator: ForwardedOperator;
  readonly #token: SenderToken;

  constructor(options: KubernetesTargetOptions) {
    const { loaded, origin, namespace, operator, timeoutMs } = options;
    this.#options = options;
    this.#api = hurried(openKubeApi(loaded), timeoutMs);
    this.#store = openKubernetesStore({
      api: this.#api,
      observer: { undecodable: ({ ref }) => this.#leftOut(ref) },
    });
    this.#operator = new ForwardedOperator(this.#api, loaded, operator, timeoutMs);
    this.#token = new SenderToken(this.#api, operator);
    this.remedies = remedyAccess(this.#api, this.#store);
    this.description = `cluster at ${this.#api.server} (${origin})`;
    this.defaultNamespace = namespace;
  }

  async list<K extends FindingResource>(kind: K, namespace: string | null): Promise<FindingLists[K]> {
    const items = await withAdvice(this.#api.server, () => this.#store.list(kind, namespace ?? undefined));
    // A list of K's objects under K's own list kind; TypeScript does not follow that through a type parameter.
    return {
      apiVersion: API_VERSION,
      kind: `${kind}List`,
      metadata: { resourceVersion: null },
      items,
    } as unknown as FindingLists[K];
  }

  follow<K extends FindingResource>(
    kind: K,
    namespace: string | null,
    signal: AbortSignal,
    live: () => void = () => undefined,
  ): AsyncGenerator<Heard<Findings[K]>> {
    const path = collection(kind, namespace);
    const undecodable = (ref: { readonly namespace: string; readonly name: string }): void =>
      this.#leftOut(ref);
    return followFindings({ api: this.#api, kind, path, undecodable, live }, signal);
  }

  async send(observations: readonly ObservationJson[]): Promise<SendAnswer> {
    const { status, retryAfter, text } = await this.#operator.ask({
      method: 'POST',
      path: '/webhook/pixie',
      token: await this.#token.get(),
      body: observations.length === 1 ? observations[0] : observations,
    });
    return readSendAnswer(status, retryAfter, text);
  }

  async traffic(pod: PodRef): Promise<TrafficAnswer> {
    return gatherTraffic(
      await this.#operator.askEach({ method: 'GET', path: trafficPath(pod), token: null }),
    );
  }

  async examine(): Promise<readonly Finding[]> {
    const question = 'API server reachable';
    try {
      const version = await this.#gitVersion();
      const reached: Finding = {
        question,
        ok: true,
        answer: `${this.#api.server}, ${version}`,
        advice: null,
      };
      return [
        reached,
        ...(await examineCluster(this.#api, this.#options.namespace)),
        await examineSending(this.#api, this.#options.operator),
        ...(await this.#examineOperator()),
      ];
    } catch (error) {
      const answer = messageOf(advised(error, this.#api.server));
      return [{ question, ok: false, answer, advice: null }];
    }
  }

  async versions(): Promise<ServerVersions> {
    const [operator, api, kubernetes] = await Promise.all([
      asked(() => this.#about()),
      asked(() => servedVersions(this.#api)),
      asked(() => this.#gitVersion()),
    ]);
    return { operator, api, kubernetes };
  }

  async close(): Promise<void> {
    await Promise.all([this.#store.close(), this.#operator.close()]);
  }

  async #gitVersion(): Promise<string> {
    const body = await withAdvice(this.#api.server, () =>
      this.#api.request({ method: 'GET', path: '/version' }),
    );
    return textField(body, 'gitVersion') ?? 'version not stated';
  }

  async #about(): Promise<About> {
    const { status, text } = await this.#operator.ask({ method: 'GET', path: ABOUT_PATH, token: null });
    if (status !== 200) throw refused('the operator', status, textField(parseJson(text), 'error'));
    return readAbout(parseJson(text));
  }

  async #examineOperator(): Promise<readonly Finding[]> {
    try {
      const { status, text } = await this.#operator.ask({ method: 'GET', path: '/ready', token: null });
      return readinessOf(parseJson(text), status);
    } catch (error) {
      return [
        {
          question: 'operator reachable by port-forward',
          ok: false,
          answer: messageOf(error),
          advice: 'Needed for send-*, ingest, requests and flows only.',
        },
      ];
    }
  }

  #leftOut({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    this.#options.note(
      `# left out: ${namespace}/${name} is not as expected. Does this kgossip have the same version as the operator?`,
    );
  }
}
