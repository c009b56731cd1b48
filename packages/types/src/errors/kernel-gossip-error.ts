/**
 * Every error that an adapter throws. Codes are stable: users and tests tell errors apart by them, never by the message.
 *
 * - `KG_CONFIG_INVALID`: a setting is wrong; the message names it.
 * - `KG_STORE_UNAVAILABLE`: the store cannot be reached or answers with a passing failure; trying again makes sense.
 * - `KG_STORE_CONFLICT`: someone else changed the object; read again, then try again.
 * - `KG_STORE_NOT_FOUND`: the object is not there.
 * - `KG_STORE_INVALID`: the store refuses the object as wrong; trying again does not help.
 * - `KG_STORE_FORBIDDEN`: the store refuses us; someone must grant the right.
 * - `KG_STORE_EXPIRED`: the point from which to watch is gone; list again.
 * - `KG_UNREACHABLE`: no answer from the other side.
 * - `KG_FORBIDDEN`: the other side refuses us.
 * - `KG_NOT_FOUND`: what was asked for is not there.
 * - `KG_REFUSED`: the other side found what we sent wrong.
 * - `KG_CGROUP_UNREADABLE`: the cgroup hierarchy cannot be read.
 * - `KG_PIXIE_SCRIPT`: Pixie refuses a script, or it does not do what it should; the message has line and column where known.
 * - `KG_PIXIE_PROTOCOL`: what Pixie sent breaks its own protocol, or cannot be read.
 * - `KG_USAGE`: the command was called wrongly.
 */
export const ERROR_CODES = [
  'KG_CONFIG_INVALID',
  'KG_STORE_UNAVAILABLE',
  'KG_STORE_CONFLICT',
  'KG_STORE_NOT_FOUND',
  'KG_STORE_INVALID',
  'KG_STORE_FORBIDDEN',
  'KG_STORE_EXPIRED',
  'KG_UNREACHABLE',
  'KG_FORBIDDEN',
  'KG_NOT_FOUND',
  'KG_REFUSED',
  'KG_CGROUP_UNREADABLE',
  'KG_PIXIE_SCRIPT',
  'KG_PIXIE_PROTOCOL',
  'KG_USAGE',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a stable code and a message that tells a person what to do next. It holds no body, header or secret. */
export class KernelGossipError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KernelGossipError';
    this.code = code;
  }
}

/** Whether this is an error of ours with one of these codes (any of ours, where none is given). */
export const isKernelGossipError = (
  error: unknown,
  ...codes: readonly ErrorCode[]
): error is KernelGossipError =>
  error instanceof KernelGossipError && (codes.length === 0 || codes.includes(error.code));

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
