export interface Grace {
  /** Aborts so long after the other signal did. */
  readonly signal: AbortSignal;
  /** Nobody waits for it any more. */
  readonly cancel: () => void;
}

/** A signal that aborts a while after another one, for what should come to a good end. */
export function graceAfter(signal: AbortSignal, milliseconds: number): Grace {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const begin = (): void => {
    timer = setTimeout(() => {
      controller.abort(signal.reason);
    }, milliseconds);
  };
  const cancel = (): void => {
    signal.removeEventListener('abort', begin);
    if (timer !== null) clearTimeout(timer);
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return { signal: controller.signal, cancel };
}
