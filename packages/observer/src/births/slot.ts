import type { Counters } from './counters.ts';
import type { Birth } from './birth.ts';
import type { ExecLine } from './line.ts';
import type { ProgramTally } from './program-tally.ts';
import type { Task } from './task.ts';

/** One program of a birth that is counted by itself (bpf/PROTOCOL.md, "slot"). */
export interface Slot {
  readonly number: number;
  readonly parent: Slot | null;
  /** How many are above it. */
  readonly depth: number;
  readonly exec: ExecLine;
  readonly name: string;
  readonly task: Task;
  /** Null where it belongs to no birth: its children may. */
  readonly birth: Birth | null;
  readonly tally: ProgramTally | null;
  endedAtUs: number | null;
  /** Of a program that outlives births: what it had made up to the entry told of last. */
  told: Counters | null;
}

/** It goes on when the container runs, and so cannot be waited for: its counts at the entry are what the birth gets. */
export const outlivesBirth = ({ task }: Slot): boolean =>
  (task.kind === 'shim' && task.serves) || (task.kind === 'create' && task.stays);

/** It and whatever started it, nearest first. */
export function lineageOf(slot: Slot | null): readonly Slot[] {
  const lineage: Slot[] = [];
  for (let at = slot; at !== null; at = at.parent) lineage.push(at);
  return lineage;
}
