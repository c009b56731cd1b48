import type { KernelReading, KernelWhisper, MeasuredPair, ResourceMeasurement } from 'kernel-gossip-types';
import { refKey, refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { updateStatus } from '../store/update-status.ts';
import type { Evidence } from './evidence.ts';
import { keepWaiting } from './remedy-watch.ts';
import type { Recorded } from './whisper-ledger.ts';

const NOTHING: MeasuredPair = { container: null, pod: null };

/**
 * Puts what observers measure about pods under remedy on the whispers that wait for it. Everything that came is in the
 * store before it is acknowledged; what no whisper waits for leaves no trace.
 */
export class MeasurementLedger {
  readonly #store: Store;
  readonly #waiting: ReadonlyMap<string, KernelWhisper>;

  constructor(store: Store, index: ObjectIndex<'KernelWhisper'>) {
    this.#store = store;
    this.#waiting = keepWaiting(index);
  }

  async record({ observation, pod, container }: Evidence<ResourceMeasurement>): Promise<Recorded> {
    const waiting = [...this.#waiting.values()].filter((whisper) => isFor(whisper, { pod, container }));
    const side = container === null ? 'pod' : 'container';
    const fieldsFor = ({ status }: KernelWhisper): { readonly measured: MeasuredPair } => ({
      measured: { ...(status?.measured ?? NOTHING), [side]: readingOf(observation) },
    });
    await Promise.all(
      waiting.map((seen) =>
        updateStatus(this.#store, 'KernelWhisper', refOf(refKey(seen.metadata)), {
          manager: 'kernel-gossip-measurer',
          seen,
          fieldsFor,
        }),
      ),
    );
    return waiting.length === 0 ? 'nothing' : 'transition';
  }
}

const isFor = (whisper: KernelWhisper, { pod, container }: Pick<Evidence, 'pod' | 'container'>): boolean =>
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
