import { parseQuantity } from '../cluster/quantity.ts';

const MILLI = 1000;
const MEBIBYTE = 2 ** 20;
/** A floating-point figure may lie a hair beside the whole one that is meant. */
const HAIR = 1e-6;

/** A quantity of a pod's resources in cores or bytes; null where there is none, or none that can be read. */
export const amountOf = (quantity: string | null): number | null =>
  quantity === null ? null : parseQuantity(quantity);

/** Cores as Kubernetes writes them: `250m`, or `2` where they are whole. */
export function cpuQuantity(cores: number): string {
  const milli = Math.round(cores * MILLI);
  return milli % MILLI === 0 ? String(milli / MILLI) : `${milli}m`;
}

/** Bytes in whole mebibytes, rounded up: `96Mi`. */
export const memoryQuantity = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE - HAIR)}Mi`;

/** Whether two quantities say the same: `0.5` and `500m` do. */
export const sameQuantity = (one: string | null, other: string | null): boolean =>
  amountOf(one) === amountOf(other);
