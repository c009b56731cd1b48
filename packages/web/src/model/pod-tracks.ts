import {
  changeSent,
  decisionOf,
  ownWindowOf,
  showBytes,
  showCores,
  showMilliseconds,
  showPercent,
  throttledShare,
  type KernelReading,
  type KernelWhisper,
  type PodTraffic,
  type RemedyMoment,
} from 'kernel-gossip-types';

/** A figure over the window that it covers, in milliseconds. Where no window is stated, both ends are its end. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Who says a figure, which decides how it is drawn. */
export type Voice = 'kernel' | 'metrics' | 'limit' | 'withheld';

export interface Track {
  readonly voice: Voice;
  readonly name: string;
  /** In the order of their beginnings; no window twice. */
  readonly spans: readonly Span[];
}

/** Tracks of one unit over one time. */
export interface Panel {
  readonly key: string;
  readonly title: string;
  readonly show: (value: number) => string;
  /** The least that the scale reaches to, so that a percentage is one of a hundred. */
  readonly top: number | null;
  readonly tracks: readonly Track[];
}

const spanBefore = (end: number, seconds: number | null, value: number): Span => ({
  from: end - (seconds ?? 0) * 1000,
  to: end,
  value,
});

type Said = readonly [
  value: number | null | undefined,
  seconds: number | null,
  end: string | null | undefined,
];

const byWindow = (a: Span, b: Span): number => a.from - b.from || a.to - b.to;

/** Spans in the order of their beginnings with one more. No window is there twice: what was said of it last stands. */
export function withSpan(spans: readonly Span[], span: Span): readonly Span[] {
  const at = spans.findLastIndex((one) => byWindow(one, span) <= 0);
  const before = spans[at];
  const isSaid = before !== undefined && byWindow(before, span) === 0;
  return isSaid ? spans.with(at, span) : spans.toSpliced(at + 1, 0, span);
}

const spansOf = (said: readonly Said[]): readonly Span[] =>
  said
    .flatMap(([value, seconds, end]) =>
      value == null || end == null ? [] : [spanBefore(Date.parse(end), seconds, value)],
    )
    .reduce<readonly Span[]>(withSpan, []);

/** Readings of the container's cgroup that stand on a whisper. */
const readingsOf = ({ status }: KernelWhisper): readonly KernelReading[] =>
  [status?.remedy?.before, status?.measured, status?.remedy?.after].flatMap((pair) => pair?.container ?? []);

/** What a state of a whisper says of its figures, with its own window. */
function ownWindow(whisper: KernelWhisper, value: number | null | undefined): Said {
  const { seconds, end } = ownWindowOf(whisper);
  return [value, seconds, end];
}

const readingSays = (
  whisper: KernelWhisper,
  valueOf: (reading: KernelReading) => number | null,
): readonly Said[] =>
  readingsOf(whisper).map((reading) => [valueOf(reading), reading.window_seconds, reading.measured_at]);

const sampleSays = ({ status }: KernelWhisper, field: 'cpu_cores' | 'memory_bytes'): Said => [
  status?.metrics?.[field],
  status?.metrics?.window_seconds ?? null,
  status?.metrics?.measured_at,
];

const kernelBesideSample = (
  { status }: KernelWhisper,
  field: 'kernel_cpu_cores' | 'kernel_memory_bytes',
): Said => [
  status?.metrics?.[field],
  status?.metrics?.kernel_window_seconds ?? null,
  status?.metrics?.kernel_measured_at,
];

const track = (voice: Voice, name: string, said: readonly Said[]): Track => ({
  voice,
  name,
  spans: spansOf(said),
});

function cpuPanels(whisper: KernelWhisper, key: string, of: string): readonly Panel[] {
  return [
    {
      key: `${key}/cores`,
      title: `CPU of ${of}`,
      show: showCores,
      top: null,
      tracks: [
        track('kernel', 'Kernel: used', [
          ownWindow(whisper, whisper.spec.kernel_truth?.actual_cpu_cores),
          kernelBesideSample(whisper, 'kernel_cpu_cores'),
          ...readingSays(whisper, ({ usage_cores }) => usage_cores),
        ]),
        track('metrics', 'Metrics: used', [
          ownWindow(whisper, whisper.spec.metrics_lie?.reported_cpu_cores),
          sampleSays(whisper, 'cpu_cores'),
        ]),
        track('limit', 'Limit in force', [
          ownWindow(whisper, whisper.spec.kernel_truth?.limit_cores),
          ...readingSays(whisper, ({ limit_cores }) => limit_cores),
        ]),
      ],
    },
    {
      key: `${key}/throttled`,
      title: `Periods of ${of} that were throttled`,
      show: showPercent,
      top: 100,
      tracks: [
        track('withheld', 'Kernel: throttled', [
          ownWindow(whisper, whisper.spec.throttled_percent),
          ...readingSays(whisper, throttledShare),
        ]),
      ],
    },
  ];
}

function memoryPanels(whisper: KernelWhisper, key: string, of: string): readonly Panel[] {
  return [
    {
      key: `${key}/bytes`,
      title: `Memory of ${of}`,
      show: showBytes,
      top: null,
      tracks: [
        track('kernel', 'Kernel: in use', [
          ownWindow(whisper, whisper.spec.memory?.usage_bytes),
          kernelBesideSample(whisper, 'kernel_memory_bytes'),
          ...readingSays(whisper, ({ memory_usage_bytes }) => memory_usage_bytes),
        ]),
        track('metrics', 'Metrics: in use', [
          ownWindow(whisper, whisper.spec.metrics_lie?.reported_memory_bytes),
          sampleSays(whisper, 'memory_bytes'),
        ]),
        track('limit', 'Limit in force', [
          ownWindow(whisper, whisper.spec.memory?.limit_bytes),
          ...readingSays(whisper, ({ memory_limit_bytes }) => memory_limit_bytes),
        ]),
      ],
    },
    {
      key: `${key}/stalled`,
      title: `Time ${of} stalled for want of memory`,
      show: showPercent,
      top: 100,
      tracks: [
        track('withheld', 'Kernel: stalled', [ownWindow(whisper, whisper.spec.memory?.stalled_percent)]),
      ],
    },
  ];
}

const networkPanels = (whisper: KernelWhisper, key: string, of: string): readonly Panel[] => [
  {
    key: `${key}/failed`,
    title: `Attempts of ${of} that failed`,
    show: showPercent,
    top: 100,
    tracks: [
      track('withheld', 'Kernel: failed', [ownWindow(whisper, whisper.spec.network?.failure_percent)]),
    ],
  },
];

/** What a whisper is about, within its pod. */
export const subjectOf = ({ spec }: KernelWhisper): string => spec.container_name ?? 'the pod as a whole';

/** What a state of a whisper says of its figures; tracks of which it says nothing have no spans. */
export function panelsOf(whisper: KernelWhisper): readonly Panel[] {
  const panels = {
    cpu_throttle: cpuPanels,
    memory_pressure: memoryPanels,
    network_issue: networkPanels,
  }[whisper.spec.kind];
  return panels(whisper, whisper.metadata.name, subjectOf(whisper));
}

/** What of panels can be drawn: that of which there is a figure. */
export const drawable = (panels: readonly Panel[]): readonly Panel[] =>
  panels
    .map((panel) => ({ ...panel, tracks: panel.tracks.filter(({ spans }) => spans.length > 0) }))
    .filter(({ tracks }) => tracks.length > 0);

/** How many kinds of requests are drawn: those that were slowest. */
const MOST_REQUESTS = 3;

/** How long the requests took that the pod answered; none where nobody told. */
export function trafficPanels(traffic: PodTraffic | null): readonly Panel[] {
  const answered = (traffic?.requests ?? []).filter(
    ({ role, p99_ms }) => role === 'server' && p99_ms !== null,
  );
  const byPath = Map.groupBy(answered, ({ method, path }) => `${method} ${path}`);
  const tracks = [...byPath]
    .map(([name, windows]): Track => ({
      voice: 'kernel',
      name,
      spans: windows
        .map(({ from, to, p99_ms }) => ({ from: Date.parse(from), to: Date.parse(to), value: p99_ms ?? 0 }))
        .sort((a, b) => a.from - b.from),
    }))
    .sort((a, b) => peak(b) - peak(a))
    .slice(0, MOST_REQUESTS);
  return tracks.map((one, index) => ({
    key: `traffic/${index}`,
    title: `Latency of ${one.name}, 99th percentile of each window`,
    show: showMilliseconds,
    top: null,
    tracks: [{ ...one, name: `p99, as ${traffic?.requests[0]?.source ?? 'its source'} saw it` }],
  }));
}

const peak = ({ spans }: Track): number => Math.max(...spans.map(({ value }) => value));

/** What was done about it, as a state of a whisper says: the change that was sent, and what became of it. */
export function marksOf({ status }: KernelWhisper): readonly RemedyMoment[] {
  const remedy = status?.remedy ?? null;
  if (remedy === null) return [];
  return [changeSent(remedy), decisionOf(remedy)].filter((one) => one !== null).sort((a, b) => a.at - b.at);
}

/** The times that are worth an axis: of all that is drawn, in milliseconds. Null where nothing is. */
export function extentOf(
  panels: readonly Panel[],
  marks: readonly RemedyMoment[],
): { readonly from: number; readonly to: number } | null {
  const spans = panels.flatMap(({ tracks }) => tracks.flatMap((one) => one.spans));
  const times = [...spans.flatMap(({ from, to }) => [from, to]), ...marks.map(({ at }) => at)];
  if (times.length === 0) return null;
  return times.reduce(
    (extent, time) => ({ from: Math.min(extent.from, time), to: Math.max(extent.to, time) }),
    { from: Infinity, to: -Infinity },
  );
}

/** The figure of a track at a moment: that of the latest window that covers it. Null where none does. */
export const valueAt = ({ spans }: Track, moment: number): number | null =>
  spans.findLast(({ from, to }) => from <= moment && moment <= to)?.value ?? null;
