import {
  EARLIER_DECISION,
  episodeOf,
  type Episode,
  type KernelWhisper,
  type RemedyMoment,
} from 'kernel-gossip-types';
import { marksOf, panelsOf, withSpan, type Panel } from './pod-tracks.ts';

/** What is drawn of a whisper: of one state of it, or of all that this page heard. */
export interface Told {
  readonly panels: readonly Panel[];
  /** In the order of time. */
  readonly marks: readonly RemedyMoment[];
  readonly episodes: readonly Episode[];
}

/** How many windows of a figure are kept, how many marks, and how many episodes: the newest. */
export const KEPT_OF_EACH = 120;
/** Of how many whispers something is kept: those that changed last. */
export const KEPT_WHISPERS = 2000;
/** How many windows, marks and episodes are kept in all: 100 bytes each, so that it stays below 30 MB. */
export const KEPT_IN_ALL = 250_000;

/** What whispers said before, as far as this page heard it: the operator keeps only the latest. */
export interface History {
  /** All that a whisper said; undefined where it said the same all the time. */
  readonly get: (key: string) => Told | undefined;
  /** A whisper changed. */
  readonly remember: (key: string, before: KernelWhisper, after: KernelWhisper) => void;
  /** There is no such whisper any more. */
  readonly forget: (key: string) => void;
}

export function createHistory(): History {
  // In the order in which they changed last.
  const kept = new Map<string, Told>();
  let size = 0;
  const forget = (key: string): void => {
    const told = kept.get(key);
    if (told === undefined) return;
    size -= sizeOf(told);
    kept.delete(key);
  };
  return {
    get: (key) => kept.get(key),
    forget,
    remember: (key, before, after) => {
      if (figuresIn(before) === figuresIn(after)) return;
      const told = joined(kept.get(key) ?? toldBy(before), toldBy(after));
      forget(key);
      kept.set(key, told);
      size += sizeOf(told);
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_WHISPERS && size <= KEPT_IN_ALL) break;
        forget(oldest);
      }
    },
  };
}

/** What makes a state worth remembering: other figures, of the kernel, of metrics or of a remedy. */
const figuresIn = ({ spec, status }: KernelWhisper): string =>
  [
    spec.detected_at,
    spec.measured_at,
    spec.ended_at,
    status?.metrics?.measured_at,
    status?.measured?.container?.measured_at,
    status?.remedy?.phase,
    status?.remedy?.after?.container?.measured_at,
  ].join(' ');

/** What one state says. */
export const toldBy = (whisper: KernelWhisper): Told => ({
  panels: panelsOf(whisper),
  marks: marksOf(whisper),
  episodes: [episodeOf(whisper)],
});

const sizeOf = ({ panels, marks, episodes }: Told): number =>
  panels
    .flatMap(({ tracks }) => tracks)
    .reduce((sum, { spans }) => sum + spans.length, marks.length + episodes.length);

const newest = <A>(all: readonly A[]): readonly A[] => all.slice(-KEPT_OF_EACH);

/** Both together; the later one says how it is called. */
const joined = (told: Told, later: Told): Told => ({
  panels: later.panels.map((panel) => {
    const before = told.panels.find(({ key }) => key === panel.key)?.tracks ?? [];
    const tracks = panel.tracks.map((track) => {
      const spans = before.find(({ name }) => name === track.name)?.spans ?? [];
      return { ...track, spans: newest(track.spans.reduce(withSpan, spans)) };
    });
    return { ...panel, tracks };
  }),
  marks: newest(marksIn([...told.marks, ...later.marks])),
  episodes: newest(lastOf([...told.episodes, ...later.episodes], ({ from }) => from)),
});

/** Of those of one name the last. */
const lastOf = <A>(all: readonly A[], nameOf: (one: A) => string | number): A[] => [
  ...new Map(all.map((one) => [nameOf(one), one])).values(),
];

/** Each once, in the order of time; that something was decided is left out where it is known what. */
function marksIn(all: readonly RemedyMoment[]): readonly RemedyMoment[] {
  const named = new Set(all.filter(({ text }) => text !== EARLIER_DECISION).map(({ at }) => at));
  const told = all.filter(({ at, text }) => text !== EARLIER_DECISION || !named.has(at));
  return lastOf(told, ({ at, text }) => `${at}/${text}`).sort((a, b) => a.at - b.at);
}
