import type { Resource } from 'kernel-gossip-types';

/** Whether an object is being deleted: then its status is nobody's concern any more. */
export const isGoing = ({ metadata }: Resource): boolean => metadata.deletionTimestamp !== null;
