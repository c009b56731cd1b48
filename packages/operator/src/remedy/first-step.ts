import type { ContainerResources, KernelReading, RemedySearch } from 'kernel-gossip-types';
import { limitReadingOf } from '../assess/limit-reading.ts';
import { beginSearch, nextStep } from '../assess/limit-search.ts';
import { amountOf, limitOf } from './amounts.ts';
import { tightest, type Bound } from './bounds.ts';
import { storedSearch } from './search.ts';
import { withOwn } from './change.ts';
import { neededMemory } from './needed-memory.ts';
import type { Situation } from './situation.ts';
import { isAt } from './under-way.ts';
import { newKills } from './new-kills.ts';
import { isOneSweep } from './measured-pair.ts';

/** The first change to a limit. */
export interface FirstStep {
  /** In cores or bytes. */
  readonly limit: number;
  readonly why: string;
  readonly search: RemedySearch | null;
  readonly bounds: readonly Bound[];
  /** What the container had before anything was changed. */
  readonly original: ContainerResources;
  /** Whether it follows from readings of both cgroups that were taken for this attempt, and not from the whisper alone. */
  readonly isMeasured: boolean;
}

/** Limits are calm below this share of throttled periods, and are raised at most so often (docs/needed-limit.md). */
export const SEARCH_BOUNDS = { calmPercent: 5, maxRaises: 3 } as const;

/** The limit that a container seems to need; null where nothing that was measured tells. */
export function firstStep(
  situation: Situation,
  boundsFor: (originalLimit: number) => readonly Bound[],
): FirstStep | null {
  const { container, resource } = situation;
  const { resources } = container;
  const current = limitOf(resource, resources);
  if (current === null || current <= 0) return null;
  const original = originalOf(situation);
  const originalLimit = limitOf(resource, original) ?? current;
  const bounds = boundsFor(originalLimit);
  const common = { bounds, original };
  return resource === 'cpu' ? cpuStep(situation, current, common) : memoryStep(situation, current, common);
}

type Common = Pick<FirstStep, 'bounds' | 'original'>;

/** A limit that was proved stays counted from where it began, so that attempt after attempt cannot go beyond the policy. */
function originalOf(situation: Situation): ContainerResources {
  const before = situation.whisper.status?.remedy ?? null;
  const isOurs = before !== null && (isAt(situation, before.from) || isAt(situation, before.to));
  const { resources } = situation.container;
  return isOurs && before.original !== null
    ? withOwn(resources, before.original, situation.resource)
    : resources;
}

/** The most that one step may give: the policy's share of the limit, within every bound. */
export function mostOf(current: number, increasePercent: number, bounds: readonly Bound[]): number {
  const most = current * (1 + increasePercent / 100);
  return Math.min(most, tightest(bounds)?.most ?? most);
}

/** Where there is no room at all, what would be needed is shown, and a check says why it cannot be. */
function mostToShow(current: number, increasePercent: number, bounds: readonly Bound[]): number {
  const most = mostOf(current, increasePercent, bounds);
  return most > current ? most : mostOf(current, increasePercent, []);
}

function cpuStep(situation: Situation, current: number, common: Common): FirstStep | null {
  const { whisper, mandate, container, pod } = situation;
  const fresh = freshReading(situation);
  const truth = whisper.spec.kernel_truth;
  const reading =
    fresh === null
      ? truth && limitReadingOf({ ...truth, usage_cores: truth.actual_cpu_cores })
      : limitReadingOf(fresh);
  // Figures about another limit than today's say nothing about today's.
  if (reading === null || Math.abs(reading.limitCores - current) > 0.05 * current) return null;
  const step = nextStep(beginSearch(current), reading, {
    ...SEARCH_BOUNDS,
    maxCores: mostToShow(current, mandate.limits.max_increase_percent, common.bounds),
    minCores: leastCores(container.resources, pod.qosClass),
  });
  if (step.kind !== 'raise') return null;
  return {
    ...common,
    limit: step.limitCores,
    why: step.why,
    search: storedSearch(step.search),
    isMeasured: fresh !== null,
  };
}

/** A limit below the request is refused; in a Guaranteed pod the request goes with it. */
export const leastCores = ({ cpu_request }: ContainerResources, qosClass: string | null): number =>
  qosClass === 'Guaranteed' ? 0 : (amountOf(cpu_request) ?? 0);

/** What was measured of both cgroups since this attempt began. */
function freshReading({ whisper }: Situation): KernelReading | null {
  const remedy = whisper.status?.remedy ?? null;
  if (remedy?.phase !== 'Waiting' || remedy.reason !== 'MeasuringBefore') return null;
  const { container, pod } = whisper.status?.measured ?? { container: null, pod: null };
  if (container === null || pod === null || !isOneSweep(container, pod)) return null;
  return container.measured_at === remedy.measured_until ? null : container;
}

function memoryStep(situation: Situation, current: number, common: Common): FirstStep | null {
  const { whisper, mandate } = situation;
  const before = whisper.status?.remedy ?? null;
  // What was proved enough stays enough until another one is killed.
  if (before?.applied_at != null && isAt(situation, before.to) && newKills(whisper, before) === 0)
    return null;
  const limit = neededMemory(
    whisper.spec.memory,
    current,
    mostToShow(current, mandate.limits.max_increase_percent, common.bounds),
  );
  if (limit === null) return null;
  const kills = whisper.spec.memory?.episode_oom_kills ?? 0;
  return {
    ...common,
    limit,
    why: `the kernel killed ${kills} process${kills === 1 ? '' : 'es'} for want of memory under this limit`,
    search: null,
    isMeasured: freshReading(situation) !== null,
  };
}
