import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { messageOf } from 'kernel-gossip-types';
import { duplicateKeys, hasDuplicateKeys } from './duplicate-keys.ts';

/** A request's body as observations that are still to be decoded. */
export interface ParsedBody {
  readonly items: readonly unknown[];
  /** By index of the item, the key that it has twice. */
  readonly duplicates: ReadonlyMap<number, string>;
}

/** Parses a request's body: one observation, or an array of them. Left is what is wrong with it as a whole. */
export function parseBody(body: Uint8Array): Either<string, ParsedBody> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text);
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (items.length === 0) return left('expected at least one observation, got an empty list');
    const duplicates = hasDuplicateKeys(text, value) ? duplicateKeys(text) : [];
    return right({ items, duplicates: new Map(duplicates.map(({ index, key }) => [index, key])) });
  } catch (error) {
    return left(`expected JSON in UTF-8: ${messageOf(error)}`);
  }
}
