export * from './api/index.ts';
export * from './codec/index.ts';
export * from './errors/kernel-gossip-error.ts';
export * from './observation/index.ts';
export * from './resource/index.ts';
export * from './words/index.ts';
