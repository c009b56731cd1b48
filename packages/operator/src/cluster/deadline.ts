/** A signal that aborts with another one or when time is up, and can be let go of without a trace. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether it was the time. */
  readonly passed: () => boolean;
  /** Begins the time anew. */
  readonly extend: () => void;
  /** Ends the timer and the listening; to be called in every case. */
  readonly release: () => void;
}

/**
 * Unlike `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, this can be extended and leaves nothing behind on a
 * signal that lives as long as the process.
 */
export const deadline = (timeoutMs: number, parent?: AbortSignal): Deadline => {
  const controller = new AbortController();
  let passed = false;
  const onTime = (): void => {
    passed = true;
    controller.abort();
  };
  const onParent = (): void => controller.abort(parent?.reason);
  let timer = setTimeout(onTime, timeoutMs);
  if (parent?.aborted === true) onParent();
  parent?.addEventListener('abort', onParent);
  return {
    signal: controller.signal,
    passed: () => passed,
    extend: () => {
      clearTimeout(timer);
      timer = setTimeout(onTime, timeoutMs);
    },
    release: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', onParent);
    },
  };
};
