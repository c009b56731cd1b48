import type { Schema, Type } from './schema.ts';

/** What an expression of a script stands for. */
export type Value =
  | Frame
  | Groups
  | { readonly kind: 'column'; readonly type: Type; readonly gathered: boolean }
  /** A literal; where a column is wanted, it is a column of the same value in each row. */
  | { readonly kind: 'text'; readonly value: string; readonly line: number }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | {
      readonly kind: 'dictionary';
      readonly entries: readonly { readonly key: string; readonly value: Value }[];
    }
  /** Something in Pixie's modules: px.min, pxtrace.kprobe. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'method'; readonly of: Frame | Groups; readonly name: string }
  /** What is given as it is: a moment, a probe's target, a program, what is to be exported. */
  | { readonly kind: 'made'; readonly by: string; readonly of: readonly Value[] }
  /** What could not be found out, and was reported. */
  | { readonly kind: 'unknown' };

export interface Frame {
  readonly kind: 'frame';
  readonly columns: Schema;
  /** Its rows are no longer on the node they come from. */
  readonly gathered: boolean;
}

export interface Groups {
  readonly kind: 'groups';
  readonly by: readonly string[];
  readonly of: Frame;
}

export const UNKNOWN: Value = { kind: 'unknown' };

export const frame = (columns: Schema, gathered: boolean): Frame => ({ kind: 'frame', columns, gathered });

/** Whether a column's or a table's rows are no longer on the node they come from. */
export const isGathered = (value: Value): boolean =>
  (value.kind === 'column' || value.kind === 'frame') && value.gathered;

/** The type of a value where a column is wanted; null where it is none. */
export function typeOf(value: Value): Type | null {
  if (value.kind === 'column') return value.type;
  if (value.kind === 'text') return 'STRING';
  return value.kind === 'number' ? 'INT64' : null;
}

/** The text of a literal; null of anything else. */
export const textOf = (value: Value | undefined): string | null =>
  value?.kind === 'text' ? value.value : null;

/** The texts of a list of literals, or of one; null of anything else. */
export function textsOf(value: Value | undefined): readonly string[] | null {
  if (value?.kind === 'text') return [value.value];
  if (value?.kind !== 'list') return null;
  const texts = value.items.map(textOf);
  return texts.every((text) => text !== null) ? texts : null;
}
