import type { ServerResponse } from 'node:http';

/** 512 KiB/s. A list may have 50 MB, and a slow reader keeps objects in memory that are long over. */
const SLOWEST_BYTES_PER_MS = 512;
const CHECK_EVERY_MS = 1000;

/** Writes an answer to a reader who may be slow, or gone. One thing at a time. */
export interface PatientWriter {
  /** Resolves when the kernel has the block, so that its memory is free again; with false when the reader is gone. */
  write(block: Uint8Array): Promise<boolean>;
  /** Ends the answer. Resolves as `write` does. */
  end(): Promise<boolean>;
  /** To be called in any case: no longer waits for the reader. */
  close(): void;
}

/**
 * Waits for a reader for so long, and cuts them off then. What they take gives them time again, as much as it may take at
 * 512 KiB/s, up to the same length. A reader behind another answer on the same connection may be gone without any event.
 */
export function patientWriter(response: ServerResponse, patienceMs: number): PatientWriter {
  let leftMs = patienceMs;
  let waitingSince = Infinity;
  let giveUp = (): void => undefined;
  const taken = async (
    bytes: number,
    give: (done: (error?: Error | null) => void) => void,
  ): Promise<boolean> => {
    if (response.destroyed) return false;
    waitingSince = performance.now();
    const isTaken = await new Promise<boolean>((resolve) => {
      giveUp = () => {
        resolve(false);
      };
      give((error) => {
        resolve(error === undefined || error === null);
      });
    });
    const waitedMs = performance.now() - waitingSince;
    waitingSince = Infinity;
    leftMs = Math.min(patienceMs, leftMs - waitedMs + bytes / SLOWEST_BYTES_PER_MS);
    return isTaken;
  };
  const checking = setInterval(
    () => {
      if (performance.now() - waitingSince < leftMs) return;
      response.destroy();
      giveUp();
    },
    Math.min(CHECK_EVERY_MS, patienceMs),
  );
  response.once('close', () => {
    giveUp();
  });
  return {
    write: (block) => taken(block.byteLength, (done) => response.write(block, done)),
    end: () => taken(0, (done) => response.end(done)),
    close: () => {
      clearInterval(checking);
    },
  };
}
