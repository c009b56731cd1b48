import type { JSX } from 'preact';
import type { Provenance, Severity } from 'kernel-gossip-types';
import { provenanceNote } from '../model/words.ts';

/** How bad it is, in a word and a colour: never by colour alone. */
export function SeverityMark({ severity }: { readonly severity: Severity }): JSX.Element {
  return (
    <span class={`severity ${severity}`}>
      <span class="dot" aria-hidden="true" />
      {severity}
    </span>
  );
}

/** Says of what was not measured that it was not. */
export function ProvenanceMark({ provenance }: { readonly provenance: Provenance }): JSX.Element | null {
  const note = provenanceNote(provenance);
  return note === null ? null : (
    <span class="provenance" title={note}>
      {provenance}
    </span>
  );
}
