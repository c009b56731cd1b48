import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode } from 'kernel-gossip-types';
import type { Run } from '../batch.ts';
import { fromLine, toLine } from './line.ts';
import { remove } from './segment.ts';

/** What a spool must remember beside its segments to send nothing twice after a restart. */
export interface Journal {
  /** Everything before it was taken out; null where nothing was yet. */
  readonly position: Position | null;
  /** What was numbered and is not answered yet. It is in no segment any more. */
  readonly underWay: Run | null;
  /** Observations that were lost, and the operator does not know it yet. */
  readonly untold: number;
}

export interface Position {
  /** Number of the segment. */
  readonly segment: number;
  /** Byte of it. */
  readonly offset: number;
}

const count = t.refinement(t.number, (value) => Number.isSafeInteger(value) && value >= 0, 'a whole number');
const WrittenRun = t.type({ stream: t.string, first: count, lines: t.array(t.string) });
const WrittenJournal = t.type({
  position: t.union([t.type({ segment: count, offset: count }), t.null]),
  underWay: t.union([WrittenRun, t.null]),
  untold: count,
});

const NAME = 'journal.json';
export const EMPTY_JOURNAL: Journal = { position: null, underWay: null, untold: 0 };

/** Replaces the journal as a whole: a process that is killed meanwhile leaves the old one or the new one. */
export async function writeJournal(
  directory: string,
  { position, underWay, untold }: Journal,
): Promise<void> {
  const written: t.TypeOf<typeof WrittenJournal> = {
    position,
    underWay:
      underWay === null
        ? null
        : { stream: underWay.stream, first: underWay.first, lines: underWay.items.map(toLine) },
    untold,
  };
  const path = join(directory, NAME);
  try {
    await writeFile(`${path}.tmp`, JSON.stringify(written));
    await rename(`${path}.tmp`, path);
  } catch (error) {
    // A part of it must not keep a full disk full.
    await remove(`${path}.tmp`);
    throw error;
  }
}

/** The journal of a spool; an empty one where there is none yet; null where it cannot be understood. */
export async function readJournal(directory: string): Promise<Journal | null> {
  try {
    return parse(await readFile(join(directory, NAME), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return EMPTY_JOURNAL;
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function parse(text: string): Journal | null {
  const written = decode(WrittenJournal, JSON.parse(text));
  if (isLeft(written)) return null;
  const { position, underWay, untold } = written.right;
  if (underWay === null) return { position, underWay, untold };
  const items = underWay.lines.map(fromLine).filter((item) => item !== null);
  // Without one of them, the numbers of the others would be unknown.
  if (items.length < underWay.lines.length) return null;
  return { position, underWay: { stream: underWay.stream, first: underWay.first, items }, untold };
}
