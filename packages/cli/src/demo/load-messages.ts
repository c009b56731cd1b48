/** What the load process is told. */
export interface LoadPlan {
  readonly threads: number;
  /** CPU time of one thread's part of a burst on a free CPU, in milliseconds. */
  readonly burstMs: number;
  readonly everyMs: number;
}

/** What the load process tells. */
export type LoadMessage =
  { readonly type: 'calibrated' } | { readonly type: 'burst'; readonly latencyMs: number };

/** Whether a message of the load process is one. */
export const isLoadMessage = (message: unknown): message is LoadMessage =>
  typeof message === 'object' &&
  message !== null &&
  'type' in message &&
  (message.type === 'calibrated' || message.type === 'burst');
