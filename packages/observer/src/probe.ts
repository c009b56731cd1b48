import type { Emit } from './source.ts';
import type { Group } from './discover/group.ts';

/** What looks at one side of all groups: their CPU, their memory. */
export interface Probe {
  /** From now on this group is sampled too. A pod comes before its containers. */
  welcome(group: Group): void;
  /** Takes one sample of every group and tells what is to be told. Answers the paths of groups that are gone. */
  sweep(emit: Emit): readonly string[];
  /** The group at this path is gone: tells the last word where one is due. */
  depart(path: string, emit: Emit): void;
  close(): void;
}
