import { NOT_MEASURED, visible } from 'kernel-gossip-types';
import type { JSX } from 'preact';
import type { Figure } from '../model/figures.ts';

/** A number with its source and window; where it was not measured, words that no number looks like. */
export function Amount({ figure: { text, about } }: { readonly figure: Figure }): JSX.Element {
  return text === null ? (
    <span class="unmeasured" title={visible(about)}>
      {NOT_MEASURED}
    </span>
  ) : (
    <span class="amount" title={visible(about)}>
      {visible(text)}
    </span>
  );
}
