import { KernelGossipError } from 'kernel-gossip-types';
import type { PixieClient } from '../client/pixie-client.ts';
import { isAnswering, readiness, type ClusterView } from './ready-condition.ts';

/** How long an answer holds, in milliseconds. */
const GOOD_FOR_MS = 30_000;
const BAD_FOR_MS = 5000;

/** Asks how the cluster is, before a script runs; scripts that run at about the same time share the answer. */
export class ClusterCheck {
  readonly #client: PixieClient;
  readonly #now: () => number;
  readonly #told: (view: ClusterView) => void;
  #asking: Promise<ClusterView> | null = null;
  #validToMs = 0;

  /** `told` hears of each answer. */
  constructor(client: PixieClient, now: () => number, told: (view: ClusterView) => void) {
    this.#client = client;
    this.#now = now;
    this.#told = told;
  }

  /** Throws a `KernelGossipError` where scripts cannot run now. */
  async ensure(signal: AbortSignal): Promise<void> {
    if (this.#asking === null || this.#now() >= this.#validToMs) {
      this.#validToMs = Infinity;
      this.#asking = this.#ask(signal);
    }
    const view = await this.#asking;
    if (view.kind === 'failed') throw view.error;
    if (view.kind === 'known' && !isAnswering(view.cluster)) {
      throw new KernelGossipError('KG_UNREACHABLE', readiness(view, []).message);
    }
  }

  /** A script failed in a way that may be the cluster's: the next one asks again. */
  doubt(): void {
    this.#validToMs = 0;
  }

  async #ask(signal: AbortSignal): Promise<ClusterView> {
    const view = await this.#viewOf(signal);
    const isGood = view.kind === 'known' && isAnswering(view.cluster);
    this.#validToMs = this.#now() + (isGood ? GOOD_FOR_MS : BAD_FOR_MS);
    if (!signal.aborted) this.#told(view);
    return view;
  }

  async #viewOf(signal: AbortSignal): Promise<ClusterView> {
    try {
      return { kind: 'known', cluster: await this.#client.clusterInfo(signal) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }
}
