import { computed, type ReadonlySignal } from '@preact/signals';
import { passes } from '../model/filters.ts';
import { groupsOf } from '../model/groups.ts';
import { rowsOf, type Row } from '../model/rows.ts';
import type { Board } from './board.ts';
import type { Place } from './place.ts';

/** The lines of the list under the filters that are set. */
export const shownRows = ({ whispers }: Board, { filters }: Place): ReadonlySignal<readonly Row[]> =>
  computed(() => {
    const asked = filters.value;
    const shown = whispers.value.filter(({ whisper, text }) => passes(asked, whisper, text));
    return rowsOf(groupsOf(shown));
  });
