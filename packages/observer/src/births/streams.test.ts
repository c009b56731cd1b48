import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine } from './line.ts';
import type { BandwidthBatch } from '../sample/bandwidth-sweep.ts';
import { FrameDecoder } from './sample-frames.ts';
import { LineSplitter } from './split-lines.ts';
import { wallTime } from './wall-clock.ts';

/** Cuts bytes anywhere. */
const cut = (bytes: Buffer, at: readonly number[]): readonly Buffer[] => {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
};
const places = fc.array(fc.nat(), { maxLength: 10 });

describe('lines of a stream', () => {
  it('are the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().map((text) => text.replaceAll('\n', '')),
          { maxLength: 20 },
        ),
        places,
        (lines, at) => {
          const splitter = new LineSplitter(1000);
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          expect(cut(bytes, at).flatMap((chunk) => splitter.push(chunk))).toEqual(lines);
          expect(splitter.tooLong).toBe(0);
        },
      ),
    );
  });

  it('are left out and counted where they are too long, and the next one is whole again', () => {
    const splitter = new LineSplitter(4);
    const chunks = ['toolong', 'stilltoolong\nfour\nfi', 've5\nok\n'].map((text) => Buffer.from(text));
    expect(chunks.flatMap((chunk) => splitter.push(chunk))).toEqual(['four', 'ok']);
    expect(splitter.tooLong).toBe(2);
  });
});

const u64 = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const u32 = fc.nat({ max: 2 ** 32 - 1 });
const batch = fc.record({
  at: u64,
  samples: fc.array(fc.record({ id: u64, throttledNs: u64, nrPeriods: u32, nrThrottled: u32 }), {
    maxLength: 5,
  }),
});
type RawBatch = typeof batch extends fc.Arbitrary<infer A> ? A : never;

function encode({ at, samples }: RawBatch): Buffer {
  const frame = Buffer.alloc(16 + samples.length * 24);
  frame.writeUInt32LE(0x4b475331, 0);
  frame.writeUInt32LE(samples.length, 4);
  frame.writeBigUInt64LE(BigInt(at), 8);
  samples.forEach(({ id, throttledNs, nrPeriods, nrThrottled }, index) => {
    const from = 16 + index * 24;
    frame.writeBigUInt64LE(BigInt(id), from);
    frame.writeBigUInt64LE(BigInt(throttledNs), from + 8);
    frame.writeUInt32LE(nrPeriods, from + 16);
    frame.writeUInt32LE(nrThrottled, from + 20);
  });
  return frame;
}
const decoded = ({ at, samples }: RawBatch): BandwidthBatch => ({
  atMs: at / 1e6,
  ids: Float64Array.from(samples, ({ id }) => id),
  nrPeriods: Uint32Array.from(samples, ({ nrPeriods }) => nrPeriods),
});

describe('sample frames', () => {
  it('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), places, (batches, at) => {
        const decoder = new FrameDecoder();
        const chunks = cut(Buffer.concat(batches.map(encode)), at);
        expect(chunks.flatMap((chunk) => decoder.push(chunk))).toEqual(batches.map(decoded));
        expect(decoder.skippedBytes).toBe(0);
      }),
    );
  });

  it('say by one and the same array that the groups are those of the frame before', () => {
    fc.assert(
      fc.property(batch, u32, (before, nrPeriods) => {
        const after = { ...before, samples: before.samples.map((sample) => ({ ...sample, nrPeriods })) };
        const [first] = before.samples;
        const fewer = { ...after, samples: after.samples.slice(1) };
        const decoder = new FrameDecoder();
        const [one, two, three] = decoder.push(Buffer.concat([before, after, fewer].map(encode)));
        expect(two?.ids).toBe(one?.ids);
        expect(three?.ids === two?.ids).toBe(first === undefined);
      }),
    );
  });

  it('are found again behind bytes that are none, which are counted', () => {
    const noise = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Buffer.from(bytes.map((byte) => byte % 32)));
    fc.assert(
      fc.property(noise, batch, places, (before, after, at) => {
        const decoder = new FrameDecoder();
        const chunks = cut(Buffer.concat([before, encode(after), encode(after)]), at);
        expect(chunks.flatMap((chunk) => decoder.push(chunk))).toEqual([decoded(after), decoded(after)]);
        expect(decoder.skippedBytes).toBe(before.length);
      }),
    );
  });

  it('never throw, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (chunks) => {
        const decoder = new FrameDecoder();
        for (const chunk of chunks) decoder.push(Buffer.from(chunk));
        expect(decoder.skippedBytes).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('a line', () => {
  it('is understood without the fields that a kernel cannot give, and with ones that nobody knows', () => {
    expect(decodeLine('{"t":"counts","at":1.5,"slot":3,"why":"end","new":[1]}')).toMatchObject({ slot: 3 });
    expect(decodeLine('{"t":"stats","at":1}')).toEqual({ t: 'stats', at: 1 });
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{"t":"exec"}',
    '{"t":"stats","at":-1}',
    '{"t":"counts","at":1,"slot":0.5,"why":"end"}',
  ])('%j is garbage', (text) => {
    expect(decodeLine(text)).toBe('garbage');
  });

  it.each(['{"t":"counting","on":true}', '{"t":"__proto__"}', '{"t":7}'])('%s is passed over', (text) => {
    expect(decodeLine(text)).toBe('unknown');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeLine(text)).toBeDefined();
      }),
    );
  });
});

describe('wall time', () => {
  it('has microseconds', () => {
    expect(wallTime(1_000_000.5, Date.parse('2024-03-15T10:30:00Z') * 1000 + 7)).toBe(
      '2024-03-15T10:30:01.000007Z',
    );
    expect(wallTime(0, -1)).toBe('1970-01-01T00:00:00.000000Z');
  });
});
