import type { Response } from 'express';
import { API_VERSION, type Kind, type Resource } from 'kernel-gossip-types';
import { Admission } from './admission.ts';
import { objectJson, type ObjectJson } from './object-json.ts';
import { patientWriter } from './patient-writer.ts';
import { turns } from './turns.ts';
import { unavailable } from './unavailable.ts';

export interface ListLimits {
  /** How many answers may be under way at a time. */
  readonly answers: number;
  /** How long a reader may take nothing, in milliseconds. */
  readonly patienceMs: number;
}

export const LIST_LIMITS: ListLimits = { answers: 64, patienceMs: 30_000 };

const BLOCK_BYTES = 64 * 1024;
/** Some milliseconds of work. */
const BLOCKS_IN_A_TURN = 8;

/** Answers with what is selected. Resolves when the reader has it, or is gone. */
export type SendList = (response: Response, kind: Kind, select: () => readonly Resource[]) => Promise<void>;

/**
 * Answers with lists, of which each may be large and each reader slow. All lists are made of the same JSON of objects, and
 * written block by block as they are taken: a reader costs one block of memory, and the event loop is not held.
 */
export function listAnswers({ answers, patienceMs }: ListLimits): SendList {
  const admission = new Admission({ requests: answers, bytes: 0 });
  const jsonOf = objectJson();
  const turn = turns(BLOCKS_IN_A_TURN);
  return async (response, kind, select) => {
    const place = admission.enter(0);
    if (place === null) {
      unavailable(response, `${answers} lists are being read; ask again in a moment`);
      return;
    }
    const writer = patientWriter(response.type('json'), patienceMs);
    try {
      for (const block of inBlocks(listParts(kind, select(), jsonOf))) {
        if (!(await writer.write(block))) return;
        await turn();
      }
      await writer.end();
    } finally {
      writer.close();
      place.leave();
    }
  };
}

/** The list as Kubernetes writes one. */
function* listParts(kind: Kind, objects: readonly Resource[], jsonOf: ObjectJson): Generator<Buffer> {
  const comma = Buffer.from(',');
  yield Buffer.from(
    `{"apiVersion":"${API_VERSION}","kind":"${kind}List","metadata":{"resourceVersion":null},"items":[`,
  );
  for (const [at, object] of objects.entries()) {
    if (at > 0) yield comma;
    yield jsonOf(object);
  }
  yield Buffer.from(']}');
}

/** All blocks are the same memory: each must have been sent before the next one is asked for. */
function* inBlocks(parts: Iterable<Buffer>): Generator<Buffer> {
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let used = 0;
  for (const part of parts) {
    for (let from = 0; from < part.byteLength;) {
      const copied = part.copy(block, used, from);
      from += copied;
      used += copied;
      if (used < BLOCK_BYTES) continue;
      yield block;
      used = 0;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}
