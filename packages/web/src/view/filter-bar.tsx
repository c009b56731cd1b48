import type { JSX } from 'preact';
import { FINDING_KINDS, SEVERITIES } from 'kernel-gossip-types';
import { NO_FILTERS, PHASES, type Filters } from '../model/filters.ts';
import { KIND_WORDS } from '../model/words.ts';
import type { App } from '../state/app.ts';

type Choice = readonly [value: string, words: string];

interface SelectOptions {
  readonly name: string;
  readonly all: string;
  readonly value: string | null;
  readonly choices: readonly Choice[];
  readonly choose: (value: string | null) => void;
}

const Select = ({ name, all, value, choices, choose }: SelectOptions): JSX.Element => (
  <select
    aria-label={name}
    value={value ?? ''}
    onChange={({ currentTarget }) => {
      choose(currentTarget.value === '' ? null : currentTarget.value);
    }}
  >
    <option value="">{all}</option>
    {choices.map(([one, words]) => (
      <option key={one} value={one}>
        {words}
      </option>
    ))}
  </select>
);

const plain = (values: readonly string[]): readonly Choice[] => values.map((value) => [value, value]);

/** Chooses which whispers are shown; every choice stands in the address. */
export function FilterBar({ app: { board, place } }: { readonly app: App }): JSX.Element {
  const filters = place.filters.value;
  const named = board.whispers.value.map(({ whisper }) => whisper.spec.namespace);
  const namespaces = [...new Set(filters.namespace === null ? named : [...named, filters.namespace])].sort();
  // What is chosen is one of the words that `filtersOf` knows; others would come back as null.
  const set =
    (name: keyof Filters) =>
    (value: string | null): void => {
      place.filter({ [name]: value });
    };
  const isFiltered = Object.entries(filters).some(
    ([name, value]) => value !== NO_FILTERS[name as keyof Filters],
  );
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <input
        id="search"
        type="search"
        aria-label="Search"
        placeholder="Search pods, workloads, nodes, causes  ( / )"
        autocomplete="off"
        spellcheck={false}
        value={filters.text}
        onInput={({ currentTarget }) => {
          place.filter({ text: currentTarget.value.toLowerCase() });
        }}
      />
      <Select
        name="Namespace"
        all="All namespaces"
        value={filters.namespace}
        choices={plain(namespaces)}
        choose={set('namespace')}
      />
      <Select
        name="Kind"
        all="All kinds"
        value={filters.kind}
        choices={FINDING_KINDS.map((kind) => [kind, KIND_WORDS[kind]])}
        choose={set('kind')}
      />
      <Select
        name="Severity"
        all="All severities"
        value={filters.severity}
        choices={plain(SEVERITIES.toReversed())}
        choose={set('severity')}
      />
      <Select
        name="Phase"
        all="All phases"
        value={filters.phase}
        choices={plain(PHASES)}
        choose={set('phase')}
      />
      {isFiltered ? (
        <a class="button quiet" href="#/">
          Clear
        </a>
      ) : null}
    </form>
  );
}
