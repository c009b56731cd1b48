/**
 * A message of OTLP, out of protobuf or out of JSON: both name fields in camelCase. Of what came as JSON nobody has checked
 * which fields are there and of what kind they are.
 */
export type Message = Readonly<Record<string, unknown>>;

/** Told the name of each field that is not what the definitions say. */
export type NoteFault = (field: string) => void;

const NONE: readonly never[] = [];

export const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const areMessages = (value: unknown): value is readonly Message[] =>
  Array.isArray(value) && value.every(isMessage);

/** The messages of a repeated field; none where it is absent, or not what it should be. */
export function messagesOf(message: Message, field: string, noteFault: NoteFault): readonly Message[] {
  const value = message[field] ?? NONE;
  if (areMessages(value)) return value;
  noteFault(field);
  return NONE;
}

/** The message in a field; null where it is absent, or not what it should be. */
export function messageOf(message: Message, field: string, noteFault: NoteFault): Message | null {
  const value = message[field] ?? null;
  if (value === null || isMessage(value)) return value;
  noteFault(field);
  return null;
}

/** The text in a field; empty where it is absent, or not what it should be. */
export function textOf(message: Message, field: string, noteFault: NoteFault): string {
  const value = message[field] ?? '';
  if (typeof value === 'string') return value;
  noteFault(field);
  return '';
}

/** How the decoder of protobuf writes 64 bits. */
interface Long {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

const isLong = (value: unknown): value is Long =>
  isMessage(value) && typeof value.low === 'number' && typeof value.high === 'number';

const DIGITS = /^-?\d{1,20}$/;

/**
 * A whole number of 64 bits; null where there is none. In JSON it is text. Some senders write a number all the same: of one beyond
 * 2^53 the last digits are rounded, as they were at a sender in JavaScript.
 */
export function integerOf(value: unknown): bigint | null {
  if (typeof value === 'string') return DIGITS.test(value) ? BigInt(value) : null;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  if (!isLong(value)) return null;
  const low = BigInt(value.low >>> 0);
  return (BigInt(value.unsigned ? value.high >>> 0 : value.high | 0) << 32n) | low;
}

/** A number of floating point; null where there is none, and where it is not finite. */
export function decimalOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}
