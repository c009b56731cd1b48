export type { ResourceMeasurementMessage } from './ask/observation.ts';
export { findHelper, type FoundHelper } from './births/find-helper.ts';
export { createHelper, type HelperPatience, type HelperStats, type KernelTracer } from './births/helper.ts';
export type { PodCreationMessage } from './births/observation.ts';
export type { BandwidthBatch } from './sample/bandwidth-sweep.ts';
export {
  createBirthsSource,
  type BirthsOutlook,
  type BirthsSource,
  type BirthsSourceSettings,
  type BirthsStats,
} from './births/source.ts';
export { systemClock, type Clock } from './clock.ts';
export { LOG_LEVELS, readConfig, redacted, SETTINGS, type LogLevel, type ObserverConfig } from './config.ts';
export { toMessage, type CpuThrottleMessage } from './cpu/observation.ts';
export type { Sender } from './sender.ts';
export { subjectOf, type Subject } from './identify/subject.ts';
export type { Batch } from './deliver/batch.ts';
export type { DeliveryStats } from './deliver/delivery.ts';
export type { Poster, PostResult } from './deliver/post.ts';
export type { DetectorSettings, Report } from './detect/detector.ts';
export type { ReportKind } from './detect/latch.ts';
export type { SpoolStats } from './deliver/spool/spool.ts';
export type { Levers } from './guard/guard.ts';
export { findHierarchy, type Hierarchy } from './hierarchy/hierarchy.ts';
export { identify, type Identity, type Level, type Manager } from './identify/identify.ts';
export { localName, type LocalName } from './identify/local-name.ts';
export { startObserver, type Observer, type ObserverDeps, type ObserverStats } from './observe.ts';
export {
  coresOf,
  joinWindows,
  throttledPercent,
  windowBetween,
  type CpuLimit,
  type CpuReading,
  type CpuWindow,
} from './rate/window.ts';
export { CpuFiles, type ReadingOutcome } from './sample/cpu-files.ts';
export { createScratch, type Scratch } from './sample/scratch.ts';
export type { Emit, Message, Outgoing, Source } from './source.ts';
export type { ContainerReading, CpuCounters, MemoryCounters, PressureTotals } from './watch/reading.ts';
export { Sampler, type Announcement, type SamplerSettings, type SamplerStats } from './watch/sampler.ts';
