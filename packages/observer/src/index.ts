export { systemClock, type Clock } from './clock.ts';
export { LOG_LEVELS, readConfig, redacted, SETTINGS, type LogLevel, type ObserverConfig } from './config.ts';
export { toMessage, type CpuThrottleMessage, type Sender } from './cpu/observation.ts';
export {
  createCpuSource,
  type CpuSource,
  type CpuSourceSettings,
  type CpuSourceStats,
} from './cpu/source.ts';
export { subjectOf, type Subject } from './cpu/subject.ts';
export type { DeliveryStats } from './deliver/delivery.ts';
export type { Poster, PostResult } from './deliver/post.ts';
export type { DetectorSettings, Report, ReportKind } from './detect/detector.ts';
export { walkGroups, type FoundGroup, type Walk, type WalkLimits } from './discover/walk.ts';
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
export { CpuFiles, createScratch, type ReadingOutcome, type Scratch } from './sample/cpu-files.ts';
export type { Emit, Message, Outgoing, Source } from './source.ts';
