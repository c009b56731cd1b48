import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { filtersOf, NO_FILTERS, queryOf, type Filters } from '../model/filters.ts';
import { routeOf, whispersHash, type Route } from '../model/route.ts';

/** Where the reader is: the address, and what it says. */
export interface Place {
  readonly route: ReadonlySignal<Route>;
  readonly filters: ReadonlySignal<Filters>;
  /** The address of the whispers with the filters that were set last. */
  readonly listHash: ReadonlySignal<string>;
  /** Sets filters in the address, without a new entry in the history of the browser. */
  readonly filter: (changes: Partial<Filters>) => void;
  readonly go: (hash: string) => void;
}

export function createPlace(window: Window): Place {
  const hash = signal(window.location.hash);
  const route = computed(() => routeOf(hash.value));
  const query = signal('');
  const filters = computed(() => filtersOf(query.value));
  const read = (): void => {
    hash.value = window.location.hash;
    if (route.value.page === 'whispers') query.value = route.value.query;
  };
  read();
  window.addEventListener('hashchange', read);
  return {
    route,
    filters,
    listHash: computed(() => whispersHash(query.value)),
    filter: (changes) => {
      const next = whispersHash(queryOf({ ...NO_FILTERS, ...filters.value, ...changes }));
      window.history.replaceState(null, '', next);
      read();
    },
    go: (to) => {
      window.location.hash = to;
    },
  };
}
