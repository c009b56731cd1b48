import {
  isKernelGossipError,
  withCondition,
  type PixieSource,
  type PixieSourceSpec,
  type PixieSourceStatus,
} from 'kernel-gossip-types';
import type { ObjectRef, Store } from '../../../store/port.ts';
import { readiness, type ClusterView } from './ready-condition.ts';
import { further, iso, newState, type ScriptState } from './script-state.ts';

const ATTEMPTS = 4;

/**
 * The bookkeeping of all scripts, in memory and on the PixieSource. What is in memory leads: where the store is away,
 * windows go on being taken, and all of it is written when it is back.
 */
export class SourceKeeper {
  readonly #store: Store;
  readonly #ref: ObjectRef;
  readonly #spec: PixieSourceSpec;
  readonly #now: () => number;
  readonly #scripts = new Map<string, ScriptState>();
  readonly #removed = new Set<string>();
  #source: PixieSource | null = null;
  #view: ClusterView = { kind: 'not asked' };
  /** Ends when the write under way is done; whoever asks meanwhile shares the one after it. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(store: Store, ref: ObjectRef, spec: PixieSourceSpec, now: () => number) {
    this.#store = store;
    this.#ref = ref;
    this.#spec = spec;
    this.#now = now;
  }

  /** Makes the object what the settings say, and goes on from what stands there. Throws what the store throws. */
  async open(): Promise<void> {
    this.#source = await this.#store.apply('PixieSource', {
      metadata: { ...this.#ref, labels: {}, ownerReferences: [] },
      spec: this.#spec,
    });
    this.#adopt(this.#source);
  }

  get view(): ClusterView {
    return this.#view;
  }

  set view(view: ClusterView) {
    this.#view = view;
  }

  get scripts(): readonly ScriptState[] {
    return [...this.#scripts.values()];
  }

  state(name: string): ScriptState {
    return this.#scripts.get(name) ?? newState(name);
  }

  put(state: ScriptState): void {
    this.#scripts.set(state.name, state);
  }

  remove(name: string): void {
    this.#scripts.delete(name);
    this.#removed.add(name);
  }

  /** Resolves when everything said before the call is in the store. Throws what the store throws. */
  write(): Promise<void> {
    if (this.#next !== null) return this.#next;
    const write = async (): Promise<void> => {
      this.#next = null;
      await this.#writeNow();
    };
    this.#next = this.#writing.then(write, write);
    this.#writing = this.#next;
    return this.#next;
  }

  async #writeNow(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#source === null) await this.open();
      try {
        this.#source = await this.#store.applyStatus('PixieSource', this.#ref, {
          manager: 'kernel-gossip-pixie',
          fields: this.#status(this.#source),
          ...versionOf(this.#source),
        });
        return;
      } catch (error) {
        const isGone = isKernelGossipError(error, 'KG_STORE_NOT_FOUND');
        if (!isGone && !isKernelGossipError(error, 'KG_STORE_CONFLICT')) throw error;
        if (attempt === ATTEMPTS) throw error;
        this.#source = isGone ? null : await this.#store.get('PixieSource', this.#ref);
        if (this.#source !== null) this.#adopt(this.#source);
      }
    }
  }

  /** Somebody else may have led meanwhile, and be further. */
  #adopt({ status }: PixieSource): void {
    for (const stored of status?.scripts ?? []) {
      if (this.#removed.has(stored.name)) continue;
      const ours = this.#scripts.get(stored.name);
      this.#scripts.set(stored.name, ours === undefined ? stored : further(ours, stored));
    }
  }

  #status(source: PixieSource | null): PixieSourceStatus {
    const generation = source?.metadata.generation ?? null;
    const ready = { type: 'Ready', ...readiness(this.#view, this.scripts), observedGeneration: generation };
    return {
      conditions: withCondition(source?.status?.conditions ?? [], ready, iso(this.#now())),
      ...describe(this.#view),
      scripts: this.scripts,
      observed_generation: generation,
    };
  }
}

/** What Pixie says of the cluster. */
function describe(
  view: ClusterView,
): Pick<PixieSourceStatus, 'cluster_name' | 'cluster_status' | 'vizier_version'> {
  if (view.kind !== 'known') return { cluster_name: null, cluster_status: null, vizier_version: null };
  const { name, status, vizierVersion } = view.cluster;
  return { cluster_name: name, cluster_status: status, vizier_version: vizierVersion };
}

const versionOf = (source: PixieSource | null): { readonly resourceVersion?: string } =>
  source?.metadata.resourceVersion == null ? {} : { resourceVersion: source.metadata.resourceVersion };
