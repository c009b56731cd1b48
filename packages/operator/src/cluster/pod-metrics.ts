import { isLeft } from 'fp-ts/lib/Either.js';
import {
  bytes,
  cores,
  decode,
  describeFailure,
  list,
  optional,
  required,
  seconds,
  struct,
  text,
  timestamp,
} from 'kernel-gossip-types';
import { parseGoDuration } from './go-duration.ts';
import { pathOf, type KubeApi } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import { parseQuantity } from './quantity.ts';
import { sleep } from './sleep.ts';

/** What the metrics said of a container, or of a pod as a whole; null where they said nothing that can be read. */
export interface MetricsUsage {
  readonly cpuCores: number | null;
  /** The working set. */
  readonly memoryBytes: number | null;
}

/** What metrics.k8s.io says of a pod now, or in words why it says nothing. */
export type PodMetrics =
  | {
      readonly availability: 'available';
      /** When the window ended, by the node's clock, in whole seconds. */
      readonly measuredAt: string;
      /** How long the window was over which CPU was averaged; null where it cannot be read. */
      readonly windowSeconds: number | null;
      /** By the container's name. */
      readonly containers: ReadonlyMap<string, MetricsUsage>;
    }
  | {
      /** `no_sample` where there are metrics but none of this pod, `not_available` where there are none at all. */
      readonly availability: 'no_sample' | 'not_available';
      readonly message: string;
    };

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** Reads the metrics of a pod. Whatever goes wrong is an answer; throws only the reason of the signal. */
export type ReadPodMetrics = (pod: PodName, signal: AbortSignal) => Promise<PodMetrics>;

export interface PodMetricsOptions {
  /** Time between two requests; 20 ms where not given. */
  readonly paceMs?: number;
  /** How long an answer serves for other containers of its pod; 5 s where not given. */
  readonly sharedForMs?: number;
  /** How long nobody is asked again after there was nobody who could answer; 60 s where not given. */
  readonly unavailableForMs?: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
}

type Unavailable = Exclude<PodMetrics, { readonly availability: 'available' }>;

/** Longer than metrics-server takes, and shorter than what a queue behind it should have to wait. */
const TIMEOUT_MS = 10_000;

/** A reader that asks once for all containers of a pod, at a pace, and not at all while there is nobody to answer. */
export function podMetricsReader(api: KubeApi, options: PodMetricsOptions = {}): ReadPodMetrics {
  const {
    paceMs = 20,
    sharedForMs = 5000,
    unavailableForMs = 60_000,
    now = () => performance.now(),
  } = options;
  const shared = new Map<string, { readonly until: number; readonly answer: Promise<PodMetrics> }>();
  let nextAt = 0;
  let nobody: { readonly until: number; readonly answer: Unavailable } | null = null;

  const ask = async (pod: PodName, signal: AbortSignal): Promise<PodMetrics> => {
    const at = Math.max(now(), nextAt);
    nextAt = at + paceMs;
    await sleep(Math.max(0, at - now()), signal);
    signal.throwIfAborted();
    try {
      return sampleOf(await request(api, pod, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
      const answer = answerOf(error);
      if (concernsAll(error, answer)) nobody = { until: now() + unavailableForMs, answer };
      return answer;
    }
  };

  return (pod, signal) => {
    if (nobody !== null && now() < nobody.until) return Promise.resolve(nobody.answer);
    for (const [key, { until }] of shared) if (until <= now()) shared.delete(key);
    const key = `${pod.namespace}/${pod.name}`;
    const known = shared.get(key);
    if (known !== undefined) return known.answer;
    const answer = ask(pod, signal);
    shared.set(key, { until: now() + sharedForMs, answer });
    return answer;
  };
}

const request = (api: KubeApi, { namespace, name }: PodName, signal: AbortSignal): Promise<unknown> =>
  api.request({
    method: 'GET',
    path: pathOf('apis', 'metrics.k8s.io', 'v1beta1', 'namespaces', namespace, 'pods', name),
    signal,
    timeoutMs: TIMEOUT_MS,
  });

const Quantities = struct('a usage', {
  cpu: optional(text(64), 'In cores.'),
  memory: optional(text(64), 'In bytes.'),
});
const ContainerMetrics = struct('the metrics of a container', {
  name: required(text(63), 'Name of the container.'),
  usage: required(Quantities, 'What it used.'),
});
/** PodMetrics of metrics.k8s.io/v1beta1 (k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go). */
const PodMetricsObject = struct('pod metrics', {
  timestamp: optional(timestamp, 'End of the window.'),
  window: optional(text(64), 'Length of the window, as Go writes it.'),
  containers: optional(list(ContainerMetrics, { maxItems: 1000 }), 'Its containers.'),
});

const NO_SAMPLE: Unavailable = {
  availability: 'no_sample',
  message: 'The metrics have no sample of this pod: it is too young, or was not scraped.',
};

function sampleOf(answer: unknown): PodMetrics {
  const decoded = decode(PodMetricsObject, answer);
  if (isLeft(decoded))
    return unavailable(
      `The answer cannot be read: ${decoded.left.slice(0, 3).map(describeFailure).join('; ')}`,
    );
  const { timestamp: measuredAt, window, containers } = decoded.right;
  if (measuredAt === null || containers === null || containers.length === 0) return NO_SAMPLE;
  return {
    availability: 'available',
    measuredAt,
    windowSeconds: window === null ? null : within(seconds, parseGoDuration(window)),
    containers: new Map(containers.map(({ name, usage }) => [name, usageOf(usage)])),
  };
}

const usageOf = ({
  cpu,
  memory,
}: {
  readonly cpu: string | null;
  readonly memory: string | null;
}): MetricsUsage => {
  const memoryBytes = memory === null ? null : parseQuantity(memory);
  return {
    cpuCores: cpu === null ? null : within(cores, parseQuantity(cpu)),
    // A part of a byte counts as one, as with Kubernetes (Quantity.Value).
    memoryBytes: within(bytes, memoryBytes === null ? null : Math.ceil(memoryBytes)),
  };
};

const within = (codec: typeof cores, value: number | null): number | null =>
  value !== null && codec.is(value) ? value : null;

function answerOf(error: KubeError): Unavailable {
  const said = error.message.replace(/^GET \S+: /, '');
  switch (error.status) {
    case 404:
      // Who serves metrics says so with a Status; the API server itself, that knows no such path, without.
      return error.reason === null
        ? unavailable(
            'This cluster serves no metrics.k8s.io: there is no metrics-server, or it is not registered.',
          )
        : NO_SAMPLE;
    case 401:
    case 403:
      return unavailable(`The operator may not read metrics.k8s.io: ${said}`);
    case null:
      return unavailable(`No answer from metrics.k8s.io: ${said}`);
    case 503:
      return unavailable(`metrics.k8s.io is registered, but nobody answers for it: ${said}`);
    default:
      return unavailable(`metrics.k8s.io answers with an error: ${said}`);
  }
}

/** A 500 may be about one pod; everything else is the same for all of them. */
const concernsAll = ({ status }: KubeError, { availability }: Unavailable): boolean =>
  availability === 'not_available' && status !== 500;

const LONGEST_MESSAGE = 512;

const unavailable = (message: string): Unavailable => ({
  availability: 'not_available',
  message: message.slice(0, LONGEST_MESSAGE),
});
