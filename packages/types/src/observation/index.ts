export * from './common.ts';
export * from './container-birth.ts';
export * from './cpu-throttle.ts';
export * from './memory-pressure.ts';
export * from './network-issue.ts';
export * from './observation.ts';
export * from './pod-creation.ts';
export * from './timeline.ts';
