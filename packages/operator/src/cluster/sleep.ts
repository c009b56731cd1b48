/** Resolves after a while, or at once when the signal aborts; never rejects. */
export const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve(undefined);
  };
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener('abort', end);
  return promise;
};
