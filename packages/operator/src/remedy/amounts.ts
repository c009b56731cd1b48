import type { ContainerResources } from 'kernel-gossip-types';
import { parseQuantity } from '../cluster/quantity.ts';

export type RemedyResource = 'cpu' | 'memory';

export const MEBIBYTE = 2 ** 20;
/** A floating-point figure may lie a hair beside the whole one that is meant. */
const HAIR = 1e-6;

/** A quantity of a pod's resources in cores or bytes; null where there is none, or none that can be read. */
export const amountOf = (quantity: string | null): number | null =>
  quantity === null ? null : parseQuantity(quantity);

/** In cores or bytes; null where there is none. */
export const limitOf = (
  resource: RemedyResource,
  { cpu_limit, memory_limit }: ContainerResources,
): number | null => amountOf(resource === 'cpu' ? cpu_limit : memory_limit);

/** In cores or bytes; null where there is none. */
export const requestOf = (
  resource: RemedyResource,
  { cpu_request, memory_request }: ContainerResources,
): number | null => amountOf(resource === 'cpu' ? cpu_request : memory_request);

/** Bytes in whole mebibytes, rounded up: `96Mi`. */
export const memoryQuantity = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE - HAIR)}Mi`;

/** Whether two quantities say the same: `0.5` and `500m` do. */
export const sameQuantity = (one: string | null, other: string | null): boolean =>
  amountOf(one) === amountOf(other);
