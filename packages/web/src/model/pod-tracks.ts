import {
  showBytes,
  showCores,
  showMilliseconds,
  showPercent,
  type KernelReading,
  type KernelWhisper,
  type PodTraffic,
} from 'kernel-gossip-types';
import { measuredAt, windowOf } from './figures.ts';
import { changeText } from './remedy.ts';

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

/** Something that happened at a moment. */
export interface Mark {
  readonly at: number;
  readonly text: string;
}

/** When trouble lasted; `to` is null while it does. */
export interface Episode {
  readonly from: number;
  readonly to: number | null;
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

const spansOf = (said: readonly Said[]): readonly Span[] => {
  const spans = said.flatMap(([value, seconds, end]) =>
    value == null || end == null ? [] : [spanBefore(Date.parse(end), seconds, value)],
  );
  const unique = new Map(spans.map((span) => [`${span.from}/${span.to}`, span]));
  return [...unique.values()].sort((a, b) => a.from - b.from || a.to - b.to);
};

/** Readings of the container's cgroup that stand on a whisper. */
const readingsOf = ({ status }: KernelWhisper): readonly KernelReading[] =>
  [status?.remedy?.before, status?.measured, status?.remedy?.after].flatMap((pair) => pair?.container ?? []);

/** What a state of a whisper says of its figures, with its own window. */
const ownWindow = (whisper: KernelWhisper, value: number | null | undefined): Said => [
  value,
  windowOf(whisper),
  new Date(measuredAt(whisper)).toISOString(),
];

const readingSays = (
  states: readonly KernelWhisper[],
  valueOf: (reading: KernelReading) => number | null,
): readonly Said[] =>
  states
    .flatMap(readingsOf)
    .map((reading) => [valueOf(reading), reading.window_seconds, reading.measured_at] as const);

const sampleSays = (states: readonly KernelWhisper[], field: 'cpu_cores' | 'memory_bytes'): readonly Said[] =>
  states.map(({ status }) => [
    status?.metrics?.[field],
    status?.metrics?.window_seconds ?? null,
    status?.metrics?.measured_at,
  ]);

const kernelBesideSample = (
  states: readonly KernelWhisper[],
  field: 'kernel_cpu_cores' | 'kernel_memory_bytes',
): readonly Said[] =>
  states.map(({ status }) => [
    status?.metrics?.[field],
    status?.metrics?.kernel_window_seconds ?? null,
    status?.metrics?.kernel_measured_at,
  ]);

const track = (voice: Voice, name: string, said: readonly Said[]): Track => ({
  voice,
  name,
  spans: spansOf(said),
});

function shareThrottled({ nr_throttled: part, nr_periods: whole }: KernelReading): number | null {
  return part === null || whole === null || whole === 0 ? null : (part / whole) * 100;
}

function cpuPanels(states: readonly KernelWhisper[], key: string, of: string): readonly Panel[] {
  return [
    {
      key: `${key}/cores`,
      title: `CPU of ${of}`,
      show: showCores,
      top: null,
      tracks: [
        track('kernel', 'Kernel: used', [
          ...states.map((state) => ownWindow(state, state.spec.kernel_truth?.actual_cpu_cores)),
          ...kernelBesideSample(states, 'kernel_cpu_cores'),
          ...readingSays(states, ({ usage_cores }) => usage_cores),
        ]),
        track('metrics', 'Metrics: used', [
          ...states.map((state) => ownWindow(state, state.spec.metrics_lie?.reported_cpu_cores)),
          ...sampleSays(states, 'cpu_cores'),
        ]),
        track('limit', 'Limit in force', [
          ...states.map((state) => ownWindow(state, state.spec.kernel_truth?.limit_cores)),
          ...readingSays(states, ({ limit_cores }) => limit_cores),
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
          ...states.map((state) => ownWindow(state, state.spec.throttled_percent)),
          ...readingSays(states, shareThrottled),
        ]),
      ],
    },
  ];
}

function memoryPanels(states: readonly KernelWhisper[], key: string, of: string): readonly Panel[] {
  return [
    {
      key: `${key}/bytes`,
      title: `Memory of ${of}`,
      show: showBytes,
      top: null,
      tracks: [
        track('kernel', 'Kernel: in use', [
          ...states.map((state) => ownWindow(state, state.spec.memory?.usage_bytes)),
          ...kernelBesideSample(states, 'kernel_memory_bytes'),
          ...readingSays(states, ({ memory_usage_bytes }) => memory_usage_bytes),
        ]),
        track('metrics', 'Metrics: in use', [
          ...states.map((state) => ownWindow(state, state.spec.metrics_lie?.reported_memory_bytes)),
          ...sampleSays(states, 'memory_bytes'),
        ]),
        track('limit', 'Limit in force', [
          ...states.map((state) => ownWindow(state, state.spec.memory?.limit_bytes)),
          ...readingSays(states, ({ memory_limit_bytes }) => memory_limit_bytes),
        ]),
      ],
    },
    {
      key: `${key}/stalled`,
      title: `Time ${of} stalled for want of memory`,
      show: showPercent,
      top: 100,
      tracks: [
        track(
          'withheld',
          'Kernel: stalled',
          states.map((state) => ownWindow(state, state.spec.memory?.stalled_percent)),
        ),
      ],
    },
  ];
}

const networkPanels = (states: readonly KernelWhisper[], key: string, of: string): readonly Panel[] => [
  {
    key: `${key}/failed`,
    title: `Attempts of ${of} that failed`,
    show: showPercent,
    top: 100,
    tracks: [
      track(
        'withheld',
        'Kernel: failed',
        states.map((state) => ownWindow(state, state.spec.network?.failure_percent)),
      ),
    ],
  },
];

/** What a whisper is about, within its pod. */
export const subjectOf = ({ spec }: KernelWhisper): string => spec.container_name ?? 'the pod as a whole';

/** All that was said of a whisper's figures, as far as it is known: `states` are what it said before, and now. */
export function panelsOf(states: readonly KernelWhisper[]): readonly Panel[] {
  const latest = states.at(-1);
  if (latest === undefined) return [];
  const key = latest.metadata.name;
  const of = subjectOf(latest);
  const panels = {
    cpu_throttle: cpuPanels,
    memory_pressure: memoryPanels,
    network_issue: networkPanels,
  }[latest.spec.kind](states, key, of);
  return panels
    .map((panel) => ({ ...panel, tracks: panel.tracks.filter(({ spans }) => spans.length > 0) }))
    .filter(({ tracks }) => tracks.length > 0);
}

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

/** When a whisper's trouble lasted, each episode that is known. */
export function episodesOf(states: readonly KernelWhisper[]): readonly Episode[] {
  const byBeginning = new Map(
    states.map(({ spec }) => [
      spec.detected_at,
      { from: Date.parse(spec.detected_at), to: spec.ended_at === null ? null : Date.parse(spec.ended_at) },
    ]),
  );
  return [...byBeginning.values()];
}

/** What was done about it: each change that was sent, and what became of it. */
export function marksOf(states: readonly KernelWhisper[]): readonly Mark[] {
  const marks = states.flatMap(({ status }): readonly Mark[] => {
    const remedy = status?.remedy ?? null;
    if (remedy === null) return [];
    const change = changeText(remedy.from, remedy.to) ?? 'change';
    const sent =
      remedy.applied_at === null ? [] : [{ at: Date.parse(remedy.applied_at), text: `${change} sent` }];
    const decided =
      remedy.decided_at === null ? [] : [{ at: Date.parse(remedy.decided_at), text: remedy.phase }];
    return [...sent, ...decided];
  });
  return [...new Map(marks.map((mark) => [`${mark.at}/${mark.text}`, mark])).values()].sort(
    (a, b) => a.at - b.at,
  );
}

/** The times that are worth an axis: of all that is drawn, in milliseconds. Null where nothing is. */
export function extentOf(
  panels: readonly Panel[],
  marks: readonly Mark[],
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
