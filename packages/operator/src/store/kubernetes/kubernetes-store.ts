import {
  API_VERSION,
  GROUP,
  isKernelGossipError,
  KernelGossipError,
  KINDS,
  VERSION,
  type Kind,
  type Resources,
} from 'kernel-gossip-types';
import { pathOf, type KubeApi, type Query } from '../../cluster/kube-api.ts';
import { reflect, type ReflectorObserver, type ReflectorTiming } from '../../cluster/reflector.ts';
import { decodeResource, decodeResourceOrThrow, type StoreObserver } from '../decode-resource.ts';
import type { Draft, FieldManager, Follower, ObjectRef, StatusPatch, Store } from '../port.ts';

export interface KubernetesStoreOptions {
  readonly api: KubeApi;
  readonly observer?: StoreObserver;
  /** Told of lists and watches, by kind. */
  readonly reflectorObserver?: (kind: Kind) => ReflectorObserver;
  /** For tests. */
  readonly timing?: Partial<ReflectorTiming>;
}

const SPEC_MANAGER: FieldManager = 'kernel-gossip-ledger';
const APPLY = 'application/apply-patch+yaml';
const PAGE = 500;

const collection = (kind: Kind, namespace?: string): string => {
  const { plural } = KINDS[kind];
  return namespace === undefined
    ? pathOf('apis', GROUP, VERSION, plural)
    : pathOf('apis', GROUP, VERSION, 'namespaces', namespace, plural);
};

const objectPath = (kind: Kind, { namespace, name }: ObjectRef): string =>
  `${collection(kind, namespace)}${pathOf(name)}`;

interface Page {
  readonly items: readonly unknown[];
  readonly continue: string;
}

const pageOf = (answer: unknown): Page => {
  const { items, metadata } = (answer ?? {}) as {
    readonly items?: unknown;
    readonly metadata?: { readonly continue?: unknown };
  };
  const token = metadata?.continue;
  return { items: Array.isArray(items) ? items : [], continue: typeof token === 'string' ? token : '' };
};

/**
 * Fields of a spec that are null mean the same as absent ones, and kubectl shows a null in a column as `<no value>`.
 * Figures one level down keep theirs: there it says that they were not measured.
 */
const withoutNulls = (spec: object): object =>
  Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== null));

const refOf = (raw: unknown): ObjectRef => {
  const { metadata } = (raw ?? {}) as { readonly metadata?: Partial<ObjectRef> };
  return { namespace: String(metadata?.namespace), name: String(metadata?.name) };
};

/** What a missing object says, apart from a missing kind. */
const isNotFound = (error: unknown): boolean => isKernelGossipError(error, 'KG_STORE_NOT_FOUND');

class KubernetesStore implements Store {
  readonly name = 'kubernetes';
  readonly #options: KubernetesStoreOptions;
  readonly #api: KubeApi;
  readonly #closing = new AbortController();

  constructor(options: KubernetesStoreOptions) {
    this.#options = options;
    this.#api = options.api;
  }

  async apply<K extends Kind>(kind: K, { metadata, spec }: Draft<K>): Promise<Resources[K]> {
    const { namespace, name, labels, ownerReferences } = metadata;
    const body = {
      apiVersion: API_VERSION,
      kind,
      metadata: {
        name,
        namespace,
        // Left out where empty: the API server drops an empty one from the object, finds that the next apply differs
        // from it, and writes (seen in 1.35), so that an apply that changes nothing would wake every follower.
        ...(Object.keys(labels).length === 0 ? {} : { labels }),
        ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
      },
      spec: withoutNulls(spec),
    };
    const answer = await this.#patch(objectPath(kind, metadata), SPEC_MANAGER, body);
    return decodeResourceOrThrow(kind, metadata, answer);
  }

  async applyStatus<K extends Kind>(
    kind: K,
    ref: ObjectRef,
    { manager, fields, resourceVersion }: StatusPatch<K>,
  ): Promise<Resources[K]> {
    const { namespace, name } = ref;
    const body = {
      apiVersion: API_VERSION,
      kind,
      metadata: { name, namespace, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
      status: fields,
    };
    const answer = await this.#patch(`${objectPath(kind, ref)}/status`, manager, body);
    return decodeResourceOrThrow(kind, ref, answer);
  }

  async get<K extends Kind>(kind: K, ref: ObjectRef): Promise<Resources[K] | null> {
    try {
      const answer = await this.#api.request({
        method: 'GET',
        path: objectPath(kind, ref),
        signal: this.#closing.signal,
      });
      return decodeResourceOrThrow(kind, ref, answer);
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async list<K extends Kind>(kind: K, namespace?: string): Promise<readonly Resources[K][]> {
    const found: Resources[K][] = [];
    for await (const raw of this.#pages(collection(kind, namespace))) {
      const decoded = decodeResource(kind, raw);
      if ('value' in decoded) found.push(decoded.value);
      else this.#options.observer?.undecodable?.({ kind, ref: refOf(raw), faults: decoded.faults });
    }
    return found;
  }

  async delete(kind: Kind, ref: ObjectRef, uid?: string): Promise<void> {
    try {
      await this.#api.request({
        method: 'DELETE',
        path: objectPath(kind, ref),
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: 'Background',
          ...(uid === undefined ? {} : { preconditions: { uid } }),
        },
        signal: this.#closing.signal,
      });
    } catch (error) {
      // A conflict says that the uid is another one by now: then what was to be deleted is gone.
      const isGone =
        isNotFound(error) || (uid !== undefined && isKernelGossipError(error, 'KG_STORE_CONFLICT'));
      if (!isGone) throw error;
    }
  }

  async follow<K extends Kind>(kind: K, follower: Follower<K>, signal: AbortSignal): Promise<void> {
    const { observer, reflectorObserver, timing = {} } = this.#options;
    await reflect(
      {
        api: this.#api,
        path: collection(kind),
        project: (raw) => decodeResource(kind, raw),
        handler: follower,
        observer: {
          ...reflectorObserver?.(kind),
          undecodable: (ref, faults) => observer?.undecodable?.({ kind, ref, faults }),
          handlerFailed: (error) => observer?.followerFailed?.(kind, error),
        },
        timing,
      },
      AbortSignal.any([signal, this.#closing.signal]),
    );
  }

  async ping(signal?: AbortSignal): Promise<void> {
    try {
      await this.#api.request({
        method: 'GET',
        path: '/readyz',
        timeoutMs: 5000,
        accept: '*/*',
        as: 'text',
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      throw error instanceof KernelGossipError ? unavailable(error) : error;
    }
  }

  close(): Promise<void> {
    this.#closing.abort(new KernelGossipError('KG_STORE_UNAVAILABLE', 'The store is closed'));
    return this.#api.close();
  }

  #patch(path: string, fieldManager: FieldManager, body: unknown): Promise<unknown> {
    return this.#api.request({
      method: 'PATCH',
      path,
      contentType: APPLY,
      query: { fieldManager, force: true },
      body,
      signal: this.#closing.signal,
    });
  }

  async *#pages(path: string): AsyncGenerator<unknown, void, undefined> {
    let token = '';
    do {
      const query: Query = token === '' ? { limit: PAGE } : { limit: PAGE, continue: token };
      const answer = await this.#api.request({ method: 'GET', path, query, signal: this.#closing.signal });
      const page = pageOf(answer);
      yield* page.items;
      token = page.continue;
    } while (token !== '');
  }
}

const unavailable = (error: KernelGossipError): KernelGossipError =>
  new KernelGossipError('KG_STORE_UNAVAILABLE', error.message, { cause: error });

/**
 * The store of a cluster: findings as resources of the group `kernel.gossip.io`, whose CRDs must be there.
 *
 * A spec is written by server-side apply as `kernel-gossip-ledger`, each part of a status by its own manager through
 * the status subresource. With server-side apply a field that its writer leaves out is taken away, so each writer
 * states all of its fields each time; null says that there is nothing to state.
 *
 * Closing the store also closes the API that it was given.
 */
export const openKubernetesStore = (options: KubernetesStoreOptions): Store => new KubernetesStore(options);
