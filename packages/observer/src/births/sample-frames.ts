import type { BandwidthBatch } from '../sample/bandwidth-sweep.ts';

/** "KGS1" (bpf/PROTOCOL.md). */
const MAGIC = 0x4b475331;
const HEADER_BYTES = 16;
const RECORD_BYTES = 24;
/** More groups than a node has; a larger count is no frame. */
const MOST_RECORDS = 100_000;

const WORD_BYTES = 4;
const HEADER_WORDS = HEADER_BYTES / WORD_BYTES;
const RECORD_WORDS = RECORD_BYTES / WORD_BYTES;
/** Where a frame has its time and a record its `nr_periods`, in words. A record begins with the group's inode. */
const TIME_AT = 2;
const PERIODS_AT = 4;

/** The kernel's numbers have 64 bits; those of inodes and of nanoseconds since the start are below 2^53. */
const u64 = (words: Int32Array, at: number): number =>
  ((words[at + 1] ?? 0) >>> 0) * 2 ** 32 + ((words[at] ?? 0) >>> 0);

/** The frame as words of the machine, which is little-endian as the tracer's is. They are signed: V8 keeps those without garbage. */
function wordsOf(frame: Buffer): Int32Array {
  const { buffer, byteOffset } = frame.byteOffset % WORD_BYTES === 0 ? frame : new Uint8Array(frame);
  return new Int32Array(buffer, byteOffset, frame.length / WORD_BYTES);
}

/** Puts the tracer's sample frames together again, however the stream was cut into chunks. */
export class FrameDecoder {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #needed = HEADER_BYTES;
  #skipped = 0;
  #before: Int32Array = new Int32Array(HEADER_WORDS);
  #ids: Float64Array = new Float64Array();

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
      batches.push(this.#decode(wordsOf(rest.subarray(0, size))));
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

  #decode(words: Int32Array): BandwidthBatch {
    const nrPeriods = new Uint32Array((words.length - HEADER_WORDS) / RECORD_WORDS);
    for (let index = 0, at = HEADER_WORDS; index < nrPeriods.length; index += 1, at += RECORD_WORDS)
      nrPeriods[index] = words[at + PERIODS_AT] ?? 0;
    if (!isOfSameGroups(words, this.#before)) this.#ids = idsOf(words, nrPeriods.length);
    this.#before = words;
    return { atMs: u64(words, TIME_AT) / 1e6, ids: this.#ids, nrPeriods };
  }
}

function isOfSameGroups(words: Int32Array, before: Int32Array): boolean {
  if (words.length !== before.length) return false;
  for (let at = HEADER_WORDS; at < words.length; at += RECORD_WORDS)
    if (words[at] !== before[at] || words[at + 1] !== before[at + 1]) return false;
  return true;
}

const idsOf = (words: Int32Array, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => u64(words, HEADER_WORDS + index * RECORD_WORDS));
