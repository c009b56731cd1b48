/** What Node tells a reviver beside the value (ECMAScript 2026, JSON.parse source text access). */
interface ReviverContext {
  readonly source?: string;
}
type Reviver = (key: string, value: unknown, context: ReviverContext) => unknown;

const LARGE = /\d{16}/;
const WHOLE = /^-?\d+$/;

const exact: Reviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && WHOLE.test(source)
    ? BigInt(source)
    : value;

/**
 * Parses JSON. Whole numbers that a double cannot hold become bigint: counters of nanoseconds get there in 104 days, and what
 * matters of two of them is their difference. Throws SyntaxError.
 */
export const parseExactly = (text: string): unknown =>
  LARGE.test(text)
    ? (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, exact)
    : (JSON.parse(text) as unknown);
