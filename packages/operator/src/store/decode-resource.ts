import type * as t from 'io-ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import {
  decode,
  describeFailure,
  KernelGossipError,
  RESOURCE_CODECS,
  type Kind,
  type Resources,
} from 'kernel-gossip-types';
import type { ObjectRef } from './port.ts';

/** An object that a store holds and that is not what its kind should be, such as one written by a later version. */
export interface Undecodable {
  readonly kind: Kind;
  readonly ref: ObjectRef;
  /** What is wrong with it, one line for each fault. */
  readonly faults: readonly string[];
}

/** Told of what a store cannot pass on to its caller. Its functions must not throw. */
export interface StoreObserver {
  /** The object was left out of a list or of what a follower sees. */
  readonly undecodable?: (object: Undecodable) => void;
  /** A follower threw; the store goes on with the next change. */
  readonly followerFailed?: (kind: Kind, error: unknown) => void;
}

/** How many faults of one object are told; the rest says nothing new. */
const MOST_FAULTS = 5;

export type Decoded<A> = { readonly value: A } | { readonly faults: readonly string[] };

/** An object of a kind from plain JSON, or what is wrong with it. */
export const decodeResource = <K extends Kind>(kind: K, input: unknown): Decoded<Resources[K]> => {
  // The codec of the kind K makes a Resources[K]; TypeScript does not follow an indexed lookup that far.
  const codec = RESOURCE_CODECS[kind] as unknown as t.Decoder<unknown, Resources[K]>;
  const result = decode(codec, input);
  return isLeft(result)
    ? { faults: result.left.slice(0, MOST_FAULTS).map(describeFailure) }
    : { value: result.right };
};

/** The same, throwing `KG_STORE_INVALID` with the faults. */
export const decodeResourceOrThrow = <K extends Kind>(
  kind: K,
  ref: ObjectRef,
  input: unknown,
): Resources[K] => {
  const decoded = decodeResource(kind, input);
  if ('value' in decoded) return decoded.value;
  throw new KernelGossipError(
    'KG_STORE_INVALID',
    `${kind} ${ref.namespace}/${ref.name}: ${decoded.faults.join('; ')}`,
  );
};
