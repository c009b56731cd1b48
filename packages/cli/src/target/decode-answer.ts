import { isLeft } from 'fp-ts/lib/Either.js';
import type { Decoder } from 'io-ts';
import { decode, describeFailure, KernelGossipError } from 'kernel-gossip-types';

/** An answer's body as what it should be; `KG_REFUSED` with the first thing that is wrong where it is not. */
export function decodeAnswer<A>(codec: Decoder<unknown, A>, body: unknown, what: string): A {
  const decoded = decode(codec, body);
  if (isLeft(decoded)) {
    const [first] = decoded.left;
    throw new KernelGossipError(
      'KG_REFUSED',
      `${what} is not as expected (${first === undefined ? 'unknown reason' : describeFailure(first)}). Does this kgossip have the same version as the operator?`,
    );
  }
  return decoded.right;
}

/** JSON, or undefined for text that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A text field of an object that came from outside, or null. */
export function textField(body: unknown, name: string): string | null {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return null;
  const value = (body as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : null;
}
