export * from './cause-words.ts';
export * from './figures.ts';
export * from './remedy-phase-words.ts';
export * from './visible.ts';
