import type { BandwidthBatch } from '../sample/bandwidth-sweep.ts';

/** "KGS1" (bpf/PROTOCOL.md). */
const MAGIC = 0x4b475331;
const HEADER_BYTES = 16;
const RECORD_BYTES = 24;
/** More groups than a node has; a larger count is no frame. */
const MOST_RECORDS = 100_000;

/** The kernel's numbers have 64 bits; those of inodes and of nanoseconds since the start are below 2^53. */
const u64 = (buffer: Buffer, at: number): number =>
  buffer.readUInt32LE(at + 4) * 2 ** 32 + buffer.readUInt32LE(at);

/** Where a record has the group's inode, and its `nr_periods`. */
const ID_AT = 0;
const PERIODS_AT = 16;

/** Puts the tracer's sample frames together again, however the stream was cut into chunks. */
export class FrameDecoder {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #needed = HEADER_BYTES;
  #skipped = 0;

  /** Bytes that belonged to no frame. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  /** The frames that this chunk completes. */
  push(chunk: Buffer): readonly BandwidthBatch[] {
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    // A frame of many groups comes in many chunks: they are joined once, not at each.
    if (this.#bytes < this.#needed) return [];
    const batches: BandwidthBatch[] = [];
    let rest: Buffer = Buffer.concat(this.#waiting);
    for (let size = this.#frameSize(rest); rest.length >= size; size = this.#frameSize(rest)) {
      if (size === 0) {
        rest = this.#resynchronise(rest);
        continue;
      }
      batches.push(frameOf(rest.subarray(0, size)));
      rest = rest.subarray(size);
    }
    this.#waiting = [rest];
    this.#bytes = rest.length;
    this.#needed = this.#frameSize(rest);
    return batches;
  }

  /** Bytes of the frame that begins here; 0 where none does. */
  #frameSize(buffer: Buffer): number {
    if (buffer.length < HEADER_BYTES) return HEADER_BYTES;
    const records = buffer.readUInt32LE(4);
    const isFrame = buffer.readUInt32LE(0) === MAGIC && records <= MOST_RECORDS;
    return isFrame ? HEADER_BYTES + records * RECORD_BYTES : 0;
  }

  #resynchronise(buffer: Buffer): Buffer {
    const magic = Buffer.alloc(4);
    magic.writeUInt32LE(MAGIC);
    const next = buffer.indexOf(magic, 1);
    // The last three bytes may be the beginning of the next magic.
    const rest = buffer.subarray(next === -1 ? Math.max(1, buffer.length - 3) : next);
    this.#skipped += buffer.length - rest.length;
    return rest;
  }
}

function frameOf(frame: Buffer): BandwidthBatch {
  const count = frame.readUInt32LE(4);
  const ids = new Float64Array(count);
  const nrPeriods = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) {
    const at = HEADER_BYTES + index * RECORD_BYTES;
    ids[index] = u64(frame, at + ID_AT);
    nrPeriods[index] = frame.readUInt32LE(at + PERIODS_AT);
  }
  return { atMs: u64(frame, 8) / 1e6, ids, nrPeriods };
}
