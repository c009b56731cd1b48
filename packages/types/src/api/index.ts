export * from './about.ts';
export * from './change.ts';
export * from './list.ts';
export * from './pod-traffic.ts';
export * from './watch-list.ts';
export * from './webhook.ts';
