import {
  API_VERSION,
  isKernelGossipError,
  type FlowWindow,
  type HttpRequests,
  type KernelWhisper,
  type NetworkFlow,
  type PodTraffic,
  type RequestWindow,
  type TrafficObservation,
  type TrafficSummary,
} from 'kernel-gossip-types';
import { isDuring, summariseTraffic, type Episode } from '../assess/traffic.ts';
import { refKey, refOf, type ObjectIndex } from '../store/object-index.ts';
import type { Store } from '../store/port.ts';
import { updateStatus } from '../store/update-status.ts';
import type { Evidence } from './evidence.ts';
import { TrafficBook, type Noted, type TrafficLimits } from './traffic-book.ts';
import { isTrafficNews } from './traffic-news.ts';
import {
  flowReport,
  requestReport,
  weightOfFlow,
  weightOfRequests,
  type TrafficReport,
} from './traffic-reports.ts';
import type { Recorded } from './whisper-ledger.ts';

/** For requests and for flows each: about 440 bytes a window, so 66 MB when both books are full. */
const LIMITS: TrafficLimits = { minutes: 30, perPodAndMinute: 128, reports: 75_000 };

/** A whisper's summary is written at most so often, in milliseconds. */
const PAUSE_MS = 30_000;

export interface TrafficOptions {
  readonly limits?: Partial<TrafficLimits>;
  /** Wall-clock time in milliseconds. */
  readonly now?: () => number;
}

interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Keeps what is told about pods' traffic, in memory and for half an hour. Of pods that are throttled a summary goes to the
 * whisper when it is news; nothing else is ever written.
 */
export class TrafficLedger {
  readonly #store: Store;
  readonly #index: ObjectIndex<'KernelWhisper'>;
  readonly #now: () => number;
  readonly #requests: TrafficBook<TrafficReport<RequestWindow>>;
  readonly #flows: TrafficBook<TrafficReport<FlowWindow>>;
  readonly #startedMs: number;
  /** The whispers about throttling of each pod. */
  readonly #throttled = new Map<string, Set<string>>();
  /** Whispers of whose pods something was told since their summary was looked at. */
  readonly #due = new Set<string>();
  /** When each summary was last written from here. */
  readonly #writtenMs = new Map<string, number>();
  readonly #stopListening: () => void;

  constructor(
    store: Store,
    index: ObjectIndex<'KernelWhisper'>,
    { limits, now = Date.now }: TrafficOptions = {},
  ) {
    const bounds = { ...LIMITS, ...limits };
    this.#store = store;
    this.#index = index;
    this.#now = now;
    this.#startedMs = now();
    this.#requests = new TrafficBook(bounds, weightOfRequests, this.#startedMs);
    this.#flows = new TrafficBook(bounds, weightOfFlow, this.#startedMs);
    for (const whisper of index.values()) this.#follow(whisper);
    this.#stopListening = index.listen(({ type, object }) => {
      if (type === 'DELETED') this.#forget(object);
      else this.#follow(object);
    });
  }

  /** How many windows are kept, of requests and of flows. */
  get sizes(): { readonly requests: number; readonly flows: number } {
    this.#expire();
    return { requests: this.#requests.size, flows: this.#flows.size };
  }

  record(evidence: Evidence<TrafficObservation>): Recorded {
    const key = refKey(evidence.pod);
    const nowMs = this.#now();
    if (evidence.observation.type === 'network_flow') {
      return this.#note(this.#flows, key, flowReport(evidence as Evidence<NetworkFlow>), nowMs);
    }
    const report = requestReport(evidence as Evidence<HttpRequests>);
    if (report.window.requests === 0) return 'nothing';
    const recorded = this.#note(this.#requests, key, report, nowMs);
    if (report.window.role === 'server') this.#markDue(key, report);
    return recorded;
  }

  /** What was told about a pod; null where nothing was. Of a name that several pods had, the latest one is meant. */
  podTraffic(pod: PodName): PodTraffic | null {
    this.#expire();
    const key = refKey(pod);
    const requests = this.#requests.of(key);
    const flows = this.#flows.of(key);
    const latest = latestOf<RequestWindow | FlowWindow>([...requests, ...flows]);
    if (latest === null) return null;
    const windowsOf = <W>(reports: readonly TrafficReport<W>[]): readonly W[] =>
      reports.filter(({ podUid }) => podUid === latest.podUid).map(({ window }) => window);
    const sinceMs = Math.max(this.#startedMs, this.#requests.sinceMs, this.#flows.sinceMs);
    return {
      apiVersion: API_VERSION,
      kind: 'PodTraffic',
      namespace: pod.namespace,
      pod_name: pod.name,
      pod_uid: latest.podUid,
      since: new Date(sinceMs).toISOString(),
      until: new Date(this.#now()).toISOString(),
      requests: windowsOf(requests),
      flows: windowsOf(flows),
      left_out: this.#requests.leftOut(key) + this.#flows.leftOut(key),
    };
  }

  /** Writes the summaries that are news. What fails is tried again the next time; the first failure is thrown. */
  async flush(): Promise<void> {
    this.#expire();
    const nowMs = this.#now();
    const due = [...this.#due].filter((key) => nowMs - (this.#writtenMs.get(key) ?? 0) >= PAUSE_MS);
    const results = await Promise.allSettled(due.map((key) => this.#tell(key, nowMs)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  close(): void {
    this.#stopListening();
  }

  #expire(): void {
    this.#requests.expire(this.#now());
    this.#flows.expire(this.#now());
  }

  #note<W extends RequestWindow | FlowWindow>(
    book: TrafficBook<TrafficReport<W>>,
    key: string,
    report: TrafficReport<W>,
    nowMs: number,
  ): Recorded {
    return RECORDED[book.note(key, report, Date.parse(report.window.to), nowMs)];
  }

  #markDue(pod: string, report: TrafficReport<RequestWindow>): void {
    for (const key of this.#throttled.get(pod) ?? []) {
      const whisper = this.#index.get(key);
      if (whisper !== null && isMeant(whisper, report) && isDuring(report.window, episodeOf(whisper))) {
        this.#due.add(key);
      }
    }
  }

  async #tell(key: string, nowMs: number): Promise<void> {
    const whisper = this.#index.get(key);
    const known = whisper?.status?.traffic ?? null;
    const next = whisper === null ? null : this.#summaryOf(whisper, known);
    // Whatever is told from now on makes it due again.
    this.#due.delete(key);
    if (next === null || !isTrafficNews(next, known)) return;
    try {
      await updateStatus(this.#store, 'KernelWhisper', refOf(key), {
        manager: 'kernel-gossip-traffic',
        seen: whisper,
        fieldsFor: (current) => ({ traffic: this.#summaryOf(current, current.status?.traffic ?? null) }),
      });
      this.#writtenMs.set(key, nowMs);
    } catch (error) {
      if (!isKernelGossipError(error, 'KG_STORE_INVALID')) this.#due.add(key);
      throw error;
    }
  }

  #summaryOf(whisper: KernelWhisper, known: TrafficSummary | null): TrafficSummary | null {
    const { namespace, pod_name: name } = whisper.spec;
    const pod = refKey({ namespace, name });
    const windows = this.#requests
      .of(pod)
      .filter((report) => isMeant(whisper, report))
      .map(({ window }) => window);
    return summariseTraffic(windows, episodeOf(whisper), known, this.#requests.leftOut(pod) === 0);
  }

  #follow(whisper: KernelWhisper): void {
    const { kind, namespace, pod_name: name } = whisper.spec;
    if (kind !== 'cpu_throttle') return;
    const pod = refKey({ namespace, name });
    this.#throttled.set(pod, (this.#throttled.get(pod) ?? new Set()).add(refKey(whisper.metadata)));
  }

  #forget({ spec: { namespace, pod_name: name }, metadata }: KernelWhisper): void {
    const pod = refKey({ namespace, name });
    const keys = this.#throttled.get(pod);
    const key = refKey(metadata);
    keys?.delete(key);
    if (keys?.size === 0) this.#throttled.delete(pod);
    this.#due.delete(key);
    this.#writtenMs.delete(key);
  }
}

const RECORDED: Readonly<Record<Noted, Recorded>> = {
  kept: 'repeat',
  known: 'nothing',
  old: 'nothing',
  'left-out': 'withheld',
};

/** Until when a whisper that went quiet lasted, nobody knows. */
const episodeOf = ({
  spec: { detected_at: detectedAt, ended_at: endedAt },
  status,
}: KernelWhisper): Episode => ({
  detectedAt,
  endedAt: endedAt ?? (status?.phase === 'Resolved' ? status.last_seen : null),
});

/** Where one of the two has no UID, the name tells. */
const isMeant = ({ spec }: KernelWhisper, { podUid }: TrafficReport<unknown>): boolean =>
  spec.pod_uid === null || podUid === null || spec.pod_uid === podUid;

const latestOf = <W extends { readonly to: string }>(
  reports: readonly TrafficReport<W>[],
): TrafficReport<W> | null =>
  reports.reduce<TrafficReport<W> | null>(
    (latest, report) => (latest === null || report.window.to > latest.window.to ? report : latest),
    null,
  );
