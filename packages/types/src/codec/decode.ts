import type * as t from 'io-ts';
import { type Either, left, mapLeft } from 'fp-ts/lib/Either.js';

/** One thing that was wrong with an input: where, what was expected, what was there. */
export interface DecodeFailure {
  /** Path from the input's root, like `spec.timeline[3].actor`; empty for the input itself. */
  readonly path: string;
  readonly expected: string;
  /** What was there, as short JSON; "nothing" where it was absent. */
  readonly got: string;
}

const LONGEST_GOT = 80;

/** A value as an error shows it: JSON, cut short, "nothing" where there is none. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value);
  return text.length <= LONGEST_GOT ? text : `${text.slice(0, LONGEST_GOT)}…`;
}

const pathOf = (context: t.Context): string =>
  context
    .map(({ key }) => key)
    .filter((key) => key !== '')
    .reduce((path, key) => {
      if (/^\d+$/.test(key)) return `${path}[${key}]`;
      return path === '' ? key : `${path}.${key}`;
    }, '');

const toFailure = ({ context, value }: t.ValidationError): DecodeFailure => ({
  path: pathOf(context),
  expected: context.at(-1)?.type.name ?? 'something else',
  got: show(value),
});

/** Decodes an input, or tells everything that was wrong with it. */
export const decode = <A>(
  codec: t.Decoder<unknown, A>,
  input: unknown,
): Either<readonly DecodeFailure[], A> =>
  mapLeft((errors: t.Errors) => errors.map(toFailure))(codec.decode(input));

/** A failure as one line: `spec.throttled_percent: expected a percentage 0..100, got 512`. */
export const describeFailure = ({ path, expected, got }: DecodeFailure): string =>
  `${path === '' ? 'input' : path}: expected ${expected}, got ${got}`;

/** A single failure, for checks that no codec can make. */
export const failure = (
  path: string,
  expected: string,
  got: unknown,
): Either<readonly DecodeFailure[], never> => left([{ path, expected, got: show(got) }]);
