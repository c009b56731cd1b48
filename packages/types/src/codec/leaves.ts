import { Leaf } from './leaf.ts';

const isFiniteNumber = (input: unknown): input is number =>
  typeof input === 'number' && Number.isFinite(input);

/** A finite number from `minimum` to `maximum`, both included. */
export const numberBetween = (expectation: string, minimum: number, maximum: number): Leaf<number> =>
  new Leaf(
    expectation,
    { type: 'number', minimum, maximum },
    (input): input is number => isFiniteNumber(input) && input >= minimum && input <= maximum,
  );

/** A share of a whole, in percent. */
export const percent = numberBetween('a percentage 0..100', 0, 100);

/** CPU time per wall-clock time: 1 is one core kept busy. A million cores is beyond any node. */
export const cores = numberBetween('a number of CPU cores >= 0', 0, 1_000_000);

/** A length of time in seconds; at most a year, which is longer than any window we take. */
export const seconds = numberBetween('a number of seconds 0..31536000', 0, 31_536_000);

/** A length of time in milliseconds; at most a year. */
export const milliseconds = numberBetween('a number of milliseconds 0..31536000000', 0, 31_536_000_000);

/** How often something happened. */
export const count = new Leaf(
  'a whole number >= 0',
  { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  (input): input is number => Number.isSafeInteger(input) && (input as number) >= 0,
);

/** A size in bytes. */
export const bytes = new Leaf(
  'a number of bytes >= 0',
  { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  (input): input is number => Number.isSafeInteger(input) && (input as number) >= 0,
);

export const boolean = new Leaf(
  'true or false',
  { type: 'boolean' },
  (input): input is boolean => typeof input === 'boolean',
);

/** A text of a fixed form. */
export const matching = (expectation: string, pattern: RegExp, maxLength: number): Leaf<string> =>
  new Leaf(
    expectation,
    { type: 'string', pattern: pattern.source, maxLength },
    (input): input is string => typeof input === 'string' && input.length <= maxLength && pattern.test(input),
  );

/** RFC 1123 label: a namespace or a container. */
export const dnsLabel = matching(
  'a DNS label (a-z, 0-9, -; at most 63 characters)',
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  63,
);

/** RFC 1123 subdomain: a pod or a node. */
export const dnsSubdomain = matching(
  'a DNS name (a-z, 0-9, - and .; at most 253 characters)',
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
);

/** A pod's UID: a UUID, or for static pods the 32 hexadecimal digits of their configuration's hash. */
export const podUid = matching(
  'a pod UID (UUID, or 32 hexadecimal digits)',
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})$/,
  36,
);

/** A container's id as the runtime names it, without the `containerd://` in front. */
export const containerId = matching('a container id (64 hexadecimal digits)', /^[0-9a-f]{64}$/, 64);

/** Text for people, of bounded length. */
export const text = (maxLength: number): Leaf<string> =>
  new Leaf(
    `a text of at most ${maxLength} characters`,
    { type: 'string', maxLength },
    (input): input is string => typeof input === 'string' && input.length <= maxLength,
  );

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** A moment, as RFC 3339 writes it. */
export const timestamp = new Leaf(
  'a time like 2024-03-15T10:30:00Z (RFC 3339)',
  { type: 'string', format: 'date-time' },
  (input): input is string =>
    typeof input === 'string' &&
    input.length <= 35 &&
    RFC3339.test(input) &&
    !Number.isNaN(Date.parse(input)),
);

/** One of a fixed set of words. */
export const oneOf = <const W extends readonly string[]>(...words: W): Leaf<W[number]> =>
  new Leaf(
    `one of ${words.join(', ')}`,
    { type: 'string', enum: words },
    (input): input is W[number] => typeof input === 'string' && words.includes(input),
  );
