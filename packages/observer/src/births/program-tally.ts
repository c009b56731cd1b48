import type { BirthRole } from 'kernel-gossip-types';
import { NOTHING_COUNTED, type Counters } from './counters.ts';

/** The programs of one role and name in a birth, added up. */
export interface ProgramTally {
  readonly role: BirthRole;
  readonly name: string;
  readonly beganAtUs: number;
  runs: number;
  /** Programs of it that have not ended, with their children. */
  running: number;
  /** When the last of them ended. */
  endedAtUs: number;
  total: Counters['total'];
}

export const newTally = (role: BirthRole, name: string, atUs: number): ProgramTally => ({
  role,
  name,
  beganAtUs: atUs,
  runs: 0,
  running: 0,
  endedAtUs: atUs,
  total: NOTHING_COUNTED.total,
});
