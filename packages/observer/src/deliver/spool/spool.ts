import { constants } from 'node:fs';
import { access, mkdir, open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { messageOf } from 'kernel-gossip-types';
import type { Logger } from 'pino';
import type { Run } from '../batch.ts';
import { headOf, type Portion, type Waiting } from '../waiting.ts';
import { EMPTY_JOURNAL, readJournal, writeJournal, type Journal } from './journal.ts';
import { fromLine, toLine } from './line.ts';
import { readLines, type ReadLines, type Stretch } from './read-lines.ts';
import { findSegments, newSegment, remove, type Segment } from './segment.ts';

export interface SpoolSettings {
  /** Folder of the spool; made where it is not there. One observer at a time may use it. */
  readonly directory: string;
  /** The most that its segments take, in bytes. The journal comes on top: what is under way, up to some 1 MiB. */
  readonly limitBytes: number;
  /** How long after a failure the disk is tried again, in milliseconds. */
  readonly retryMs: number;
}

export interface SpoolStats {
  /** Observations that wait on disk. */
  readonly observations: number;
  /** Bytes of its segments. */
  readonly bytes: number;
  /** Observations that gave way or could not be read again, since this observer started. */
  readonly dropped: number;
  /** Of those, the ones that could not be read again. */
  readonly unreadable: number;
  /** Why nothing can be written now; null while all is well. */
  readonly failure: string | null;
}

/** What waits beyond memory, in order, in files that outlive the process. Nothing here rejects. */
export interface Spool {
  /** Whether observations may be given to it now: not for a while after a failure. Opens the folder where it is not yet. */
  prepare(): Promise<boolean>;
  /** Appends to the end; answers how many of `items`, from the first, it took over. */
  append(items: readonly Waiting[]): Promise<number>;
  /** Takes the oldest out, when what was taken before is answered. They leave the disk with the next `commit`. */
  take(most: Portion): Promise<readonly Waiting[]>;
  /** Writes down what is under way in place of what was taken out; answers whether that stands on disk. */
  commit(underWay: Run | null, untold: number): Promise<boolean>;
  /** What an earlier observer left under way and untold. Given once. */
  inherit(): Pick<Journal, 'underWay' | 'untold'>;
  stats(): SpoolStats;
  close(): Promise<void>;
}

/** A small file takes a block of the disk. */
const BLOCK_BYTES = 4096;
const SEGMENTS = 32;
const LARGEST_SEGMENT = 2_097_152;
const EVERYTHING: Portion = { count: Infinity, bytes: Infinity };

class SegmentedSpool implements Spool {
  readonly #settings: SpoolSettings;
  readonly #log: Logger;
  readonly #monotonicMs: () => number;
  readonly #segmentBytes: number;
  /** Oldest first. */
  #segments: Segment[] = [];
  /** How far the first of them was taken out. */
  #offset = 0;
  /** Paths of those that were taken out as a whole. */
  #consumed: string[] = [];
  /** The last segment, while it is written to. */
  #end: FileHandle | null = null;
  #nextNumber = 1;
  #isOpen = false;
  #inherited = EMPTY_JOURNAL;
  #failure: string | null = null;
  #retryAtMs = -Infinity;
  #dropped = 0;
  #unreadable = 0;

  constructor(settings: SpoolSettings, log: Logger, monotonicMs: () => number) {
    this.#settings = settings;
    this.#log = log;
    this.#monotonicMs = monotonicMs;
    this.#segmentBytes = Math.min(Math.ceil(settings.limitBytes / SEGMENTS), LARGEST_SEGMENT);
  }

  async prepare(): Promise<boolean> {
    if (this.#monotonicMs() < this.#retryAtMs) return false;
    return this.#isOpen || this.#attempt(() => this.#load());
  }

  async append(items: readonly Waiting[]): Promise<number> {
    let taken = 0;
    while (this.#isOpen && taken < items.length) {
      const chunk = headOf(items.slice(taken), { count: Infinity, bytes: this.#segmentBytes });
      if (!(await this.#attempt(() => this.#appendChunk(chunk)))) break;
      taken += chunk.length;
    }
    return taken;
  }

  async take(most: Portion): Promise<readonly Waiting[]> {
    await this.#removeConsumed();
    for (let head = this.#segments[0]; head !== undefined; head = this.#segments[0]) {
      const items = await this.#takeFrom(head, most);
      if (this.#offset >= head.bytes) {
        await this.#cutOff(head);
        this.#consumed.push(head.path);
      }
      if (items.length > 0) return items;
    }
    return [];
  }

  async commit(underWay: Run | null, untold: number): Promise<boolean> {
    // What was inherited stands in the journal until it is asked for.
    if (!this.#isOpen || this.#inherited.underWay !== null) return false;
    const position = { segment: this.#segments[0]?.number ?? this.#nextNumber, offset: this.#offset };
    try {
      await writeJournal(this.#settings.directory, { position, underWay, untold });
    } catch (error) {
      // Worth no more than this: only if the process is killed now, some of it is sent twice under other numbers.
      this.#log.debug({ why: messageOf(error) }, 'the journal of the spool cannot be written');
      if (underWay === null) await this.#removeConsumed();
      return false;
    }
    await this.#removeConsumed();
    return true;
  }

  inherit(): Pick<Journal, 'underWay' | 'untold'> {
    const inherited = this.#inherited;
    this.#inherited = EMPTY_JOURNAL;
    return inherited;
  }

  stats(): SpoolStats {
    return {
      observations: this.#segments.reduce((sum, { observations }) => sum + observations, 0),
      bytes: this.#segments.reduce((sum, { bytes }) => sum + bytes, 0),
      dropped: this.#dropped,
      unreadable: this.#unreadable,
      failure: this.#failure,
    };
  }

  async close(): Promise<void> {
    await this.#seal().catch((error: unknown) => {
      this.#log.warn({ why: messageOf(error) }, 'the spool could not be written as a whole');
    });
  }

  /** Does what needs the disk. The first failure is told, and the first success after it. */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
    } catch (error) {
      const why = messageOf(error);
      if (this.#failure === null)
        this.#log.warn({ why }, 'the spool cannot be written; what waits is kept in memory only');
      this.#failure = why;
      this.#retryAtMs = this.#monotonicMs() + this.#settings.retryMs;
      return false;
    }
    if (this.#failure !== null) this.#log.info('the spool can be written again');
    this.#failure = null;
    this.#retryAtMs = -Infinity;
    return true;
  }

  async #load(): Promise<void> {
    const { directory } = this.#settings;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // What cannot be removed would be sent at each start.
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const journal = await readJournal(directory);
    if (journal === null)
      this.#log.error('the journal of the spool cannot be understood: what was under way is lost');
    this.#segments = await findSegments(directory);
    await this.#goTo(journal?.position ?? null);
    this.#inherited = journal ?? EMPTY_JOURNAL;
    this.#isOpen = true;
    const { observations, bytes } = this.stats();
    if (observations > 0)
      this.#log.info({ observations, bytes }, 'observations of an earlier run wait on disk');
  }

  /** Leaves out what an earlier observer took out. */
  async #goTo(position: Journal['position']): Promise<void> {
    const { segment = 0, offset = 0 } = position ?? {};
    this.#nextNumber = Math.max(segment, this.#segments.at(-1)?.number ?? 0) + 1;
    this.#consumed = this.#segments.filter(({ number }) => number < segment).map(({ path }) => path);
    this.#segments = this.#segments.filter(({ number }) => number >= segment);
    const head = this.#segments[0];
    if (head?.number !== segment) return;
    const { lines, next } = await readLines(head.path, { start: 0, end: offset }, EVERYTHING);
    head.observations -= lines.length;
    this.#offset = next;
  }

  async #appendChunk(chunk: readonly Waiting[]): Promise<void> {
    const items = await this.#makeRoomFor(chunk);
    if (items.length > 0) await this.#write(items);
    // Counted only now: after a failure all of them are still the caller's.
    this.#dropped += chunk.length - items.length;
  }

  /** Lets the oldest summaries go first, these ones included, then the oldest of all. Answers what is left of the chunk. */
  async #makeRoomFor(chunk: readonly Waiting[]): Promise<readonly Waiting[]> {
    let items = chunk;
    while (items.length > 0 && this.#size() + sizeOf(items) > this.#settings.limitBytes) {
      const thickest = this.#segments.find((segment) => segment.summaries > 0 && !this.#isBegun(segment));
      const oldest = this.#segments[0];
      if (thickest !== undefined) await this.#thin(thickest);
      else if (items.some(({ isSummary }) => isSummary)) items = items.filter(({ isSummary }) => !isSummary);
      else if (oldest !== undefined) await this.#drop(oldest);
      else items = [];
    }
    return items;
  }

  #size(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + Math.max(bytes, BLOCK_BYTES), 0);
  }

  /** Whether a part of it was taken out: the journal says how far, so it must stay as it is. */
  #isBegun(segment: Segment): boolean {
    return segment === this.#segments[0] && this.#offset > 0;
  }

  /** Takes the summaries out of a segment. */
  async #thin(segment: Segment): Promise<void> {
    if (segment === this.#segments.at(-1)) await this.#seal();
    const { lines } = await readLines(segment.path, { start: 0, end: segment.bytes }, EVERYTHING);
    const items = lines.map(fromLine).filter((item) => item !== null);
    const kept = items.filter(({ isSummary }) => !isSummary);
    if (kept.length === 0) return this.#drop(segment, lines.length - items.length);
    const text = textOf(kept);
    await writeFile(`${segment.path}.tmp`, text);
    await rename(`${segment.path}.tmp`, segment.path);
    this.#unreadable += lines.length - items.length;
    this.#dropped += segment.observations - kept.length;
    segment.bytes = Buffer.byteLength(text);
    segment.observations = kept.length;
    segment.summaries = 0;
  }

  async #drop(segment: Segment, unreadable = 0): Promise<void> {
    this.#dropped += segment.observations;
    this.#unreadable += unreadable;
    await this.#cutOff(segment);
    await remove(segment.path);
  }

  /** Takes a segment off the list. */
  async #cutOff(segment: Segment): Promise<void> {
    // What is removed need not be safe before.
    if (segment === this.#segments.at(-1)) await this.#seal().catch(() => undefined);
    if (segment === this.#segments[0]) this.#offset = 0;
    this.#segments = this.#segments.filter((other) => other !== segment);
  }

  async #write(items: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.from(textOf(items));
    const { end, segment } = await this.#endFor(bytes.length);
    try {
      await end.appendFile(bytes);
    } catch (error) {
      await this.#takeBack(end, segment);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.observations += items.length;
    segment.summaries += items.filter(({ isSummary }) => isSummary).length;
  }

  /** The segment to append so many bytes to. Each process begins one of its own, so nobody appends to a torn line. */
  async #endFor(bytes: number): Promise<{ end: FileHandle; segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#end !== null && last !== undefined && last.bytes + bytes <= this.#segmentBytes)
      return { end: this.#end, segment: last };
    await this.#seal();
    const segment = newSegment(this.#settings.directory, this.#nextNumber);
    const end = await open(segment.path, 'ax', 0o600);
    this.#nextNumber += 1;
    this.#end = end;
    this.#segments.push(segment);
    return { end, segment };
  }

  /** Removes what was written of a chunk that did not find room as a whole. */
  async #takeBack(end: FileHandle, segment: Segment): Promise<void> {
    await end.truncate(segment.bytes).catch(() => undefined);
    this.#end = null;
    await end.close().catch(() => undefined);
    if (segment.bytes > 0) return;
    this.#segments = this.#segments.filter((other) => other !== segment);
    await remove(segment.path);
  }

  /** Ends the last segment. What was appended survives the process at once, and a loss of power from here on. */
  async #seal(): Promise<void> {
    const end = this.#end;
    this.#end = null;
    try {
      await end?.datasync();
    } finally {
      await end?.close();
    }
  }

  async #takeFrom(head: Segment, most: Portion): Promise<readonly Waiting[]> {
    const { lines, next } = await this.#read(head, { start: this.#offset, end: head.bytes }, most);
    const items = lines.map(fromLine).filter((item) => item !== null);
    this.#offset = next;
    this.#countUnreadable(lines.length - items.length);
    head.observations -= lines.length;
    if (next >= head.bytes) this.#countUnreadable(Math.max(0, head.observations));
    return items;
  }

  async #read(segment: Segment, stretch: Stretch, most: Portion): Promise<ReadLines> {
    try {
      return await readLines(segment.path, stretch, most);
    } catch (error) {
      this.#log.error({ why: messageOf(error) }, 'a segment of the spool cannot be read');
      return { lines: [], next: stretch.end };
    }
  }

  #countUnreadable(count: number): void {
    this.#unreadable += count;
    this.#dropped += count;
  }

  async #removeConsumed(): Promise<void> {
    for (const path of this.#consumed.splice(0)) await remove(path);
  }
}

const textOf = (items: readonly Waiting[]): string => items.map((item) => `${toLine(item)}\n`).join('');
const sizeOf = (items: readonly Waiting[]): number => Buffer.byteLength(textOf(items));

/** A spool in a folder. The folder is looked at with the first `prepare`. */
export const createSpool = (settings: SpoolSettings, log: Logger, monotonicMs: () => number): Spool =>
  new SegmentedSpool(settings, log, monotonicMs);
