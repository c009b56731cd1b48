export * from './backend.ts';
export { DEFAULT_CONFIG, readConfig, type OperatorConfig } from './config.ts';
export { startOperator, type RunningOperator } from './operator.ts';
export { sqliteBackend } from './sqlite-backend.ts';
export type { Store } from './store/port.ts';
