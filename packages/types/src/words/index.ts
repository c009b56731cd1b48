export * from './cause-words.ts';
export * from './remedy-phase-words.ts';
export * from './visible.ts';
