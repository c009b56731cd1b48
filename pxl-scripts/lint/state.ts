import type { Finding } from './finding.ts';
import type { Schema } from './schema.ts';
import { UNKNOWN, type Value } from './value.ts';

/** What is known while a script is gone through. */
export interface State {
  readonly names: Map<string, Value>;
  readonly tables: Map<string, Schema>;
  readonly findings: Finding[];
  readonly displayed: Map<string, Schema>;
  readonly probes: Map<string, string>;
  readonly exported: string[];
}

export const report = (state: State, rule: string, line: number, message: string): Value => {
  state.findings.push({ rule, line, message });
  return UNKNOWN;
};
