import { isKernelGossipError } from 'kernel-gossip-types';
import type { KernelReading, KernelWhisper, MeasuredPair, ResourceMeasurement } from 'kernel-gossip-types';
import { refKey, refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import type { Evidence } from './evidence.ts';
import { needsMeasuring } from './remedy-watch.ts';
import type { Recorded } from './whisper-ledger.ts';

const NOTHING: MeasuredPair = { container: null, pod: null };

/**
 * Puts what observers measure about pods under remedy on the whispers that wait for it. Everything that came is in the
 * store before it is acknowledged; what no whisper waits for leaves no trace.
 */
export class MeasurementLedger {
  readonly #store: Store;
  readonly #index: ObjectIndex<'KernelWhisper'>;
  /** The newest pair of each whisper that is watched: container and pod come one right after the other. */
  readonly #newest = new Map<string, MeasuredPair>();

  constructor(store: Store, index: ObjectIndex<'KernelWhisper'>) {
    this.#store = store;
    this.#index = index;
  }

  async record(evidence: Evidence<ResourceMeasurement>): Promise<Recorded> {
    const waiting = this.#index.values().filter((whisper) => isFor(whisper, evidence));
    this.#forgetOthers();
    await Promise.all(waiting.map((whisper) => this.#write(whisper, evidence)));
    return waiting.length === 0 ? 'nothing' : 'transition';
  }

  async #write(
    whisper: KernelWhisper,
    { observation, container }: Evidence<ResourceMeasurement>,
  ): Promise<void> {
    const key = refKey(whisper.metadata);
    const side = container === null ? 'pod' : 'container';
    let current: KernelWhisper | null = whisper;
    for (let attempt = 1; current !== null; attempt += 1) {
      const before = newerOf(this.#newest.get(key) ?? NOTHING, current.status?.measured ?? NOTHING);
      const measured = { ...before, [side]: readingOf(observation) };
      this.#newest.set(key, measured);
      const { resourceVersion } = current.metadata;
      try {
        await this.#store.applyStatus('KernelWhisper', refOf(key), {
          manager: 'kernel-gossip-measurer',
          fields: { measured },
          ...(resourceVersion === null ? {} : { resourceVersion }),
        });
        return;
      } catch (error) {
        if (!isKernelGossipError(error, 'KG_STORE_CONFLICT') || attempt === ATTEMPTS) throw error;
        current = await this.#store.get('KernelWhisper', refOf(key));
      }
    }
  }

  #forgetOthers(): void {
    for (const key of this.#newest.keys()) {
      const whisper = this.#index.get(key);
      if (whisper === null || !needsMeasuring(whisper)) this.#newest.delete(key);
    }
  }
}

const ATTEMPTS = 4;

/** Another replica may have written since: what it wrote must not go back to what this one remembers. */
const newerOf = (kept: MeasuredPair, stored: MeasuredPair): MeasuredPair => ({
  container: later(kept.container, stored.container),
  pod: later(kept.pod, stored.pod),
});
const later = (one: KernelReading | null, other: KernelReading | null): KernelReading | null =>
  one === null || (other !== null && Date.parse(other.measured_at) > Date.parse(one.measured_at))
    ? other
    : one;

const isFor = (whisper: KernelWhisper, { pod, container }: Evidence): boolean =>
  needsMeasuring(whisper) &&
  pod.uid !== null &&
  whisper.spec.pod_uid === pod.uid &&
  (container === null || whisper.status?.remedy?.container_name === container);

const readingOf = (observation: ResourceMeasurement): KernelReading => ({
  cgroup: observation.cgroup,
  container_id: observation.container_id,
  measured_at: observation.timestamp,
  window_seconds: observation.period_seconds,
  limit_cores: observation.limit_cores,
  usage_cores: observation.actual_cpu_usage,
  nr_periods: observation.nr_periods,
  nr_throttled: observation.nr_throttled,
  throttled_seconds: observation.throttled_seconds,
  memory_limit_bytes: observation.memory_limit_bytes,
  memory_usage_bytes: observation.memory_usage_bytes,
  oom_kills: observation.oom_kills,
});
