import type { KernelWhisper } from 'kernel-gossip-types';
import type { Group } from './groups.ts';

/** A line of the list: the head of a workload with several whispers, or one whisper. */
export type Row =
  | { readonly type: 'group'; readonly key: string; readonly group: Group }
  | {
      readonly type: 'whisper';
      readonly key: string;
      readonly whisper: KernelWhisper;
      readonly inGroup: boolean;
    };

/** One whisper alone needs no head. */
export const rowsOf = (groups: readonly Group[]): readonly Row[] =>
  groups.flatMap((group): readonly Row[] => {
    const inGroup = group.members.length > 1;
    const rows = group.members.map(({ whisper, key }): Row => ({ type: 'whisper', key, whisper, inGroup }));
    return inGroup ? [{ type: 'group', key: group.key, group }, ...rows] : rows;
  });
