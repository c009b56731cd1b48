export * from './collections.ts';
export * from './decode.ts';
export * from './json-schema.ts';
export * from './leaf.ts';
export * from './leaves.ts';
export * from './struct.ts';
