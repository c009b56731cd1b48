import {
  advance,
  lastWord,
  latch,
  startAnew,
  type Latched,
  type LatchRules,
  type Told,
} from '../detect/latch.ts';
import {
  joinWindows,
  stalledPercent,
  usedPercent,
  type MemoryLevel,
  type MemoryWindow,
} from '../rate/memory-window.ts';

/** When want of memory counts as begun, as over, and how often it is told of in between. */
export interface MemorySettings {
  /** Near the limit at this share of it, in percent; no longer near below `leavePercent`. */
  readonly nearPercent: number;
  readonly leavePercent: number;
  /** It begins after being near the limit for this long, in seconds. */
  readonly nearSeconds: number;
  /** It begins when tasks waited for memory in this share of the time, in percent; over below two thirds of it. */
  readonly stallPercent: number;
  /** The stall is read this often, in seconds, and judged over the last two such stretches. */
  readonly stallReadSeconds: number;
  /** The killing of a process is news for this long, in seconds. */
  readonly killSeconds: number;
  readonly calmSeconds: number;
  readonly summarySeconds: number;
}

/** What a pressure that lasts is judged by, unless told otherwise. */
export const MEMORY_SETTINGS: Omit<MemorySettings, 'calmSeconds' | 'summarySeconds'> = {
  nearPercent: 90,
  leavePercent: 80,
  nearSeconds: 10,
  stallPercent: 10,
  stallReadSeconds: 5,
  killSeconds: 60,
};

/** What is to be told of a group's memory. Limits stand in the windows, each beside the usage that it was in force for. */
export type MemoryReport = Told<MemoryWindow, null>;

/** One step of the clock. */
export interface MemorySample {
  /** Null where the last two readings cannot be compared. */
  readonly window: MemoryWindow | null;
  /** How it is at the end of the window. */
  readonly level: MemoryLevel;
  /** When the window ended: Unix time in milliseconds. */
  readonly endMs: number;
  /** Something nearer to the cause is short of memory: only the killing of processes is news. */
  readonly isShadowed: boolean;
  /** Whether the stall of this group is read at all, be it not with every sample. */
  readonly isStallRead: boolean;
}

/** What is remembered of a group between samples: bounded, whatever happens. */
export interface MemoryState {
  /** Whether the group was near its limit at the last reading. */
  readonly isNear: boolean;
  /** Since when it has been near its limit. */
  readonly near: MemoryWindow | null;
  /** What is being added up until the stall is read again, and what was up to the reading before. */
  readonly open: MemoryWindow | null;
  readonly read: MemoryWindow | null;
  /** The last two stretches together, where the stall was read at this very sample. */
  readonly judged: MemoryWindow | null;
  /** Whether tasks waited for memory more than calmly, as judged last. */
  readonly isStalled: boolean;
  /** Since the last process was killed, in seconds; null where none was, or long ago. */
  readonly sinceKillSeconds: number | null;
  /** Null while there is nothing to tell. */
  readonly told: Latched<MemoryWindow, null> | null;
}

interface Step {
  readonly state: MemoryState;
  readonly report: MemoryReport | null;
}

const LEAVE_SHARE = 2 / 3;
/** To come near the limit is worth telling at once where only a stall was told. */
const BANDS = { stalled: 0, near: 1 } as const;

export const CALM_MEMORY: MemoryState = {
  isNear: false,
  near: null,
  open: null,
  read: null,
  judged: null,
  isStalled: false,
  sinceKillSeconds: null,
  told: null,
};

/** Whether nothing is remembered, so that a sample in which nothing happened changes nothing. */
export const isCalmMemory = (state: MemoryState): boolean =>
  Object.entries(CALM_MEMORY).every(([key, value]) => state[key as keyof MemoryState] === value);

const hasKills = ({ oomKills }: MemoryWindow): boolean => oomKills !== null && oomKills > 0;

const isAbove = (level: MemoryLevel, bound: number): boolean => {
  const percent = usedPercent(level);
  return percent !== null && percent >= bound;
};

const rulesOf = (settings: MemorySettings): LatchRules<MemoryWindow> => ({
  join: joinWindows,
  bandOf: ({ highest }) => (isAbove(highest, settings.nearPercent) ? BANDS.near : BANDS.stalled),
  isNews: hasKills,
  // While nothing but a kill is news, its figures stand: a window without it would only take them back.
  isTellable: (window) =>
    isAbove(window.highest, settings.leavePercent) || isAtLeast(window, settings.stallPercent * LEAVE_SHARE),
  calmSeconds: settings.calmSeconds,
  summarySeconds: settings.summarySeconds,
});

/** Whether the group is near its limit at this moment. */
export const isNearLimit = (level: MemoryLevel, { nearPercent }: MemorySettings): boolean =>
  isAbove(level, nearPercent);

/** Takes one sample in. Pure: the same state and sample make the same step. */
export function detectMemory(before: MemoryState, sample: MemorySample, settings: MemorySettings): Step {
  const { window } = sample;
  if (window === null)
    return {
      state: { ...CALM_MEMORY, told: before.told && startAnew(before.told, before.told.band) },
      report: null,
    };
  const state = taken(before, { ...sample, window }, settings);
  return state.told === null
    ? whileCalm(state, { ...sample, window }, settings)
    : whileTold({ ...state, told: state.told }, { ...sample, window }, settings);
}

interface Measured extends MemorySample {
  readonly window: MemoryWindow;
}

/** Adds up what one sample says, without judging. */
function taken(
  before: MemoryState,
  { window, level, isStallRead }: Measured,
  settings: MemorySettings,
): MemoryState {
  const isNear = isAbove(level, settings.nearPercent);
  // A kill is told at once, and in no later window again.
  if (hasKills(window)) return { ...CALM_MEMORY, told: before.told, isNear, sinceKillSeconds: 0 };
  return {
    ...before,
    ...(isStallRead ? stalled(before, window, settings) : {}),
    isNear,
    // A window counts where it was near at both ends.
    near: isNear && before.isNear ? joinWindows(before.near, window) : null,
    sinceKillSeconds: since(before.sinceKillSeconds, window, settings),
  };
}

function since(seconds: number | null, window: MemoryWindow, { killSeconds }: MemorySettings): number | null {
  const later = seconds === null ? killSeconds : seconds + window.seconds;
  return later < killSeconds ? later : null;
}

/** The stall counts as lost when it was not read for so many times its usual interval. */
const LOST_AFTER = 3;
const NOT_STALLED = { open: null, read: null, judged: null, isStalled: false } as const;

/** The stall is read seldom: two stretches in a row are judged together, so that each is looked at twice. */
function stalled(
  { open: before, read, isStalled }: MemoryState,
  window: MemoryWindow,
  { stallPercent, stallReadSeconds }: MemorySettings,
): Pick<MemoryState, 'open' | 'read' | 'judged' | 'isStalled'> {
  const open = joinWindows(before, window);
  if (window.stall === null)
    // Long past its time, it cannot be read any more: what is not known does not go on.
    return open.seconds < LOST_AFTER * stallReadSeconds
      ? { open, read, judged: null, isStalled }
      : NOT_STALLED;
  const judged = read === null ? null : joinWindows(read, open);
  return {
    open: null,
    read: open,
    judged,
    isStalled: judged === null ? isStalled : isAtLeast(judged, stallPercent * LEAVE_SHARE),
  };
}

const isAtLeast = ({ stall }: MemoryWindow, percent: number): boolean =>
  stall !== null && stalledPercent(stall) >= percent;

/** The window that shows want of memory; null where there is none to show. */
function shownBy(
  { near, judged }: MemoryState,
  sample: Measured,
  settings: MemorySettings,
): MemoryWindow | null {
  if (hasKills(sample.window)) return sample.window;
  if (sample.isShadowed) return null;
  if (near !== null && near.seconds >= settings.nearSeconds) return near;
  return judged !== null && isAtLeast(judged, settings.stallPercent) ? judged : null;
}

function whileCalm(state: MemoryState, sample: Measured, settings: MemorySettings): Step {
  const window = shownBy(state, sample, settings);
  // What is shadowed now is not to be told for what it did meanwhile.
  if (window === null) return { state: sample.isShadowed ? CALM_MEMORY : state, report: null };
  const { latched: told, report } = latch({ window, limit: null, endMs: sample.endMs }, rulesOf(settings));
  return { state: { ...state, told }, report };
}

interface WhileTold extends MemoryState {
  readonly told: Latched<MemoryWindow, null>;
}

function whileTold(state: WhileTold, sample: Measured, settings: MemorySettings): Step {
  const { window, level, endMs, isShadowed } = sample;
  const isCalm =
    !isAbove(level, settings.leavePercent) && !state.isStalled && state.sinceKillSeconds === null;
  // A calm window may have begun high above the bound: that belongs to what is over, not to its end.
  const shown = isCalm ? { ...window, highest: level } : (shownBy(state, sample, settings) ?? window);
  const look = { window: shown, isCalm, isOver: false };
  const step = { window, limit: null, endMs };
  const { latched: told, report } = advance(state.told, step, look, rulesOf(settings));
  const isQuiet = isShadowed && report?.kind !== 'ended' && !hasKills(window);
  return { state: { ...state, told }, report: isQuiet ? null : report };
}

/** The last word about a group that vanished; null where there is nothing to end. */
export const endOfMemory = ({ told }: MemoryState, lastSampleMs: number): MemoryReport | null =>
  told === null ? null : lastWord(told, { limit: null, endMs: lastSampleMs }, () => true);
