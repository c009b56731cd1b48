import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { KgtraceLine } from '../../kgtrace.ts';

/** One record of a sample (packages/observer/bpf/PROTOCOL.md). */
export interface SampledGroup {
  readonly id: number;
  readonly throttledNs: number;
  readonly nrPeriods: number;
  readonly nrThrottled: number;
}

export interface Kgtrace {
  readonly lines: readonly KgtraceLine[];
  /** The newest complete frame; empty before the first one. */
  readonly sample: () => readonly SampledGroup[];
  /** Closes its standard input and waits until it has ended; its exit code. */
  readonly stop: () => Promise<number | null>;
}

const HEADER_BYTES = 16;
const RECORD_BYTES = 24;

export function startKgtrace(sampleEveryMs: number): Kgtrace {
  const child: ChildProcess = spawn('kgtrace', [], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
  const ended = once(child, 'close');
  const lines: KgtraceLine[] = [];
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) =>
      lines.push(JSON.parse(line) as KgtraceLine),
    );
  let unread = Buffer.alloc(0);
  let newest: readonly SampledGroup[] = [];
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (let length = frameLength(unread); unread.length >= length; length = frameLength(unread)) {
      newest = groupsIn(unread.subarray(HEADER_BYTES, length));
      unread = unread.subarray(length);
    }
  });
  child.stdin?.write(`interval ${sampleEveryMs}\n`);
  return {
    lines,
    sample: () => newest,
    stop: async () => {
      child.stdin?.end();
      await ended;
      return child.exitCode;
    },
  };
}

/** Of the frame that begins here; a header that is not complete yet makes no frame. */
const frameLength = (bytes: Buffer): number =>
  bytes.length < HEADER_BYTES ? Infinity : HEADER_BYTES + RECORD_BYTES * bytes.readUInt32LE(4);

const groupsIn = (records: Buffer): readonly SampledGroup[] =>
  Array.from({ length: records.length / RECORD_BYTES }, (_, index) => {
    const at = index * RECORD_BYTES;
    return {
      id: Number(records.readBigUInt64LE(at)),
      throttledNs: Number(records.readBigUInt64LE(at + 8)),
      nrPeriods: records.readUInt32LE(at + 16),
      nrThrottled: records.readUInt32LE(at + 20),
    };
  });
