/**
 * Gives so many of those who wait their turn in each turn of the event loop, in the order in which they came. Others have
 * little to wait for then, however many there are: Node takes one new connection in a turn.
 */
export function turns(atATime: number): () => Promise<void> {
  const waiting: (() => void)[] = [];
  const give = (): void => {
    for (const go of waiting.splice(0, atATime)) go();
    if (waiting.length > 0) setImmediate(give);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(give);
    });
}
