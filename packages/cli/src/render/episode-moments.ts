import {
  changeSent,
  decisionOf,
  episodeOf,
  isGivenUp,
  ownWindowOf,
  showBytes,
  showCores,
  showPercent,
  throttledShare,
  type FindingKind,
  type KernelReading,
  type KernelWhisper,
  type OwnWindow,
  type Remedy,
} from 'kernel-gossip-types';

/** Who tells of a moment. */
export type Voice = 'Episode' | 'Kernel' | 'Metrics' | 'Remedy';

/** A figure and the window that it covers, or something that happened. Times are in milliseconds of their source's clock. */
export interface Moment {
  readonly voice: Voice;
  /** Where the window began; `at` where there is none, or its length is not stated. */
  readonly from: number;
  /** When it happened, or the window ended. */
  readonly at: number;
  /** When the same happened before. */
  readonly earlier: readonly number[];
  readonly text: string;
}

const happened = (voice: Voice, at: number, text: string): Moment => ({
  voice,
  from: at,
  at,
  earlier: [],
  text,
});

/** A figure over its window. */
interface Said extends OwnWindow {
  readonly value: number | null | undefined;
}

/** None where it was not measured, or nobody says when. */
function figure(
  voice: Voice,
  text: (value: number) => string,
  { value, seconds, end }: Said,
): readonly Moment[] {
  if (end === null || value == null) return [];
  const at = Date.parse(end);
  return [{ voice, from: at - (seconds ?? 0) * 1000, at, earlier: [], text: text(value) }];
}

const throttled = (value: number): string => `throttled ${showPercent(value)}`;
const usedCores = (value: number): string => `used ${showCores(value)}`;
const inUse = (value: number): string => `in use ${showBytes(value)}`;
const failed = (value: number): string => `failed ${showPercent(value)}`;

type Spec = KernelWhisper['spec'];

const cpuFigures = ({ throttled_percent, metrics_lie }: Spec, window: OwnWindow): readonly Moment[] => [
  ...figure('Kernel', throttled, { value: throttled_percent, ...window }),
  ...figure('Metrics', usedCores, { value: metrics_lie?.reported_cpu_cores, ...window }),
];

const memoryFigures = ({ memory, metrics_lie }: Spec, window: OwnWindow): readonly Moment[] => [
  ...figure('Kernel', inUse, { value: memory?.usage_bytes, ...window }),
  ...figure('Metrics', inUse, { value: metrics_lie?.reported_memory_bytes, ...window }),
];

const networkFigures = ({ network }: Spec, window: OwnWindow): readonly Moment[] =>
  figure('Kernel', failed, { value: network?.failure_percent, ...window });

/** The whisper's own figures, and what its sender says that metrics claimed in the same window. */
const ownFigures = (whisper: KernelWhisper): readonly Moment[] =>
  ({ cpu_throttle: cpuFigures, memory_pressure: memoryFigures, network_issue: networkFigures })[
    whisper.spec.kind
  ](whisper.spec, ownWindowOf(whisper));

/** What metrics.k8s.io said, and the kernel beside it. */
function sampleFigures({ spec: { kind }, status }: KernelWhisper): readonly Moment[] {
  const sample = status?.metrics ?? null;
  if (sample?.availability !== 'available' || kind === 'network_issue') return [];
  const [metrics, kernel, text] =
    kind === 'cpu_throttle'
      ? [sample.cpu_cores, sample.kernel_cpu_cores, usedCores]
      : [sample.memory_bytes, sample.kernel_memory_bytes, inUse];
  return [
    ...figure('Metrics', text, { value: metrics, seconds: sample.window_seconds, end: sample.measured_at }),
    ...figure('Kernel', text, {
      value: kernel,
      seconds: sample.kernel_window_seconds,
      end: sample.kernel_measured_at,
    }),
  ];
}

function readingFigure(kind: FindingKind, name: string, reading: KernelReading): readonly Moment[] {
  const [value, text] =
    kind === 'memory_pressure' ? [reading.memory_usage_bytes, inUse] : [throttledShare(reading), throttled];
  return figure('Kernel', (measured) => `${text(measured)} ${name}`, {
    value,
    seconds: reading.window_seconds,
    end: reading.measured_at,
  });
}

/** What was measured in the container for the sake of a remedy; the same window is told once. */
function readings({ spec: { kind }, status }: KernelWhisper): readonly Moment[] {
  const remedy = status?.remedy ?? null;
  const told = [
    ['before', remedy?.before],
    [remedy !== null && isGivenUp(remedy) ? 'while tried' : 'after', remedy?.after],
    ['now', status?.measured],
  ] as const;
  const moments = told.flatMap(([name, pair]) =>
    pair?.container == null ? [] : readingFigure(kind, name, pair.container),
  );
  return moments.filter(
    ({ from, at }, index) => moments.findIndex((one) => one.from === from && one.at === at) === index,
  );
}

/** The change that was sent last, and what it came to. Of those before it, the object tells when, and not what. */
function remedyMoments(remedy: Remedy): readonly Moment[] {
  const sent = changeSent(remedy);
  const others = (remedy.changes ?? [])
    .map((time) => Date.parse(time))
    .filter((time) => time !== sent?.at)
    .toSorted((a, b) => a - b);
  const last = others.at(-1);
  const text = others.length === 1 ? 'limits changed' : `limits changed ${others.length} times`;
  return [
    ...(last === undefined ? [] : [{ ...happened('Remedy', last, text), earlier: others.slice(0, -1) }]),
    ...[sent, decisionOf(remedy)].flatMap((one) =>
      one === null ? [] : [happened('Remedy', one.at, one.text)],
    ),
  ];
}

function over({ spec: { ended_at: at, ended_percent: percent } }: KernelWhisper): readonly Moment[] {
  if (at === null) return [];
  const then = percent === null ? '' : `; measured then: ${showPercent(percent)}`;
  return [happened('Episode', Date.parse(at), `over${then}`)];
}

/** Until when the trouble is known to have lasted: its end, or else when it was told of last. */
export function toldUntil(whisper: KernelWhisper): number {
  const { from, to } = episodeOf(whisper);
  const told = [whisper.spec.measured_at, whisper.status?.last_seen].map((time) =>
    time == null ? from : Date.parse(time),
  );
  return to ?? Math.max(from, ...told);
}

/** Every moment that a whisper tells of, but for the beginning of its episode; in order. Pure. */
export function momentsOf(whisper: KernelWhisper): readonly Moment[] {
  const remedy = whisper.status?.remedy ?? null;
  return [
    ...ownFigures(whisper),
    ...readings(whisper),
    ...sampleFigures(whisper),
    ...(remedy === null ? [] : remedyMoments(remedy)),
    ...over(whisper),
  ].toSorted((a, b) => a.at - b.at);
}
