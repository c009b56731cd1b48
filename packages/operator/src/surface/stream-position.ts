import type { StreamPosition } from '../intake/numbered-streams.ts';

/** The headers by which a sender numbers its observations (docs/webhook.md). */
const STREAM = 'KernelGossip-Stream';
const SEQUENCE = 'KernelGossip-Sequence';
const DROPPED = 'KernelGossip-Dropped';

const numberIn = (text: string | undefined): number | null => {
  const value = /^\d{1,16}$/.test(text ?? '') ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : null;
};

/** Where a request stands in its sender's stream; null where the sender does not number, or not as documented. */
export function streamPosition(header: (name: string) => string | undefined): StreamPosition | null {
  const stream = header(STREAM);
  const first = numberIn(header(SEQUENCE));
  if (stream === undefined || first === null || !/^[\w-]{1,64}$/.test(stream)) return null;
  return { stream, first, dropped: numberIn(header(DROPPED)) ?? 0 };
}
