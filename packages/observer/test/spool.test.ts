import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Run } from '../src/deliver/batch.ts';
import { createSpool, type Spool } from '../src/deliver/spool/spool.ts';
import { waiting, type Waiting } from '../src/deliver/waiting.ts';
import { makeFolder, mountDisk, whyNoDisk } from './folder.ts';

const why = whyNoDisk();
if (why !== null) process.stderr.write(`SKIPPED: no disk can be mounted here: ${why}\n`);

const MIB = 1_048_576;
const item = (id: number, isSummary = false, size = 0): Waiting =>
  waiting(JSON.stringify({ id, padding: 'x'.repeat(size) }), isSummary);
const items = (first: number, count: number, isSummary = false, size = 0): readonly Waiting[] =>
  Array.from({ length: count }, (_, index) => item(first + index, isSummary, size));
const idOf = ({ json }: Waiting): number => (JSON.parse(json) as { readonly id: number }).id;
const numbers = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

interface Fixture {
  readonly folder: string;
  readonly lines: string[];
  /** Another process on the same folder. */
  readonly start: () => Promise<Spool>;
}

function fixture(folder: string, limitBytes = 64 * MIB, monotonicMs = () => 0): Fixture {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return {
    folder,
    lines,
    async start() {
      const spool = createSpool({ directory: folder, limitBytes, retryMs: 1000 }, log, monotonicMs);
      await spool.prepare();
      return spool;
    },
  };
}
function inFolder(limitBytes?: number): Fixture {
  const folder = makeFolder();
  onTestFinished(() => folder.remove());
  return fixture(join(folder.path, 'made/by/it'), limitBytes);
}
/** Takes all of it out, answered at once. */
async function drain(spool: Spool, count = 100): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const taken = await spool.take({ count, bytes: MIB });
    await spool.commit(null, 0);
    if (taken.length === 0) return ids;
    ids.push(...taken.map(idOf));
  }
}
const segmentsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('segment-'))
    .sort()
    .map((name) => join(folder, name));

describe('a spool', { timeout: 60_000 }, () => {
  it('gives back what it was given, in order, also to the next process, and leaves nothing behind', async () => {
    const { folder, start } = inFolder();
    const first = await start();
    expect(await first.append(items(0, 1000))).toBe(1000);
    expect(await first.append(items(1000, 500, true))).toBe(500);
    expect((await first.take({ count: 300, bytes: MIB })).map(idOf)).toEqual(numbers(0, 300));
    await first.commit(null, 0);
    await first.close();
    const second = await start();
    expect(second.stats()).toMatchObject({ observations: 1200, dropped: 0, failure: null });
    expect(await second.append(items(1500, 10))).toBe(10);
    expect(await drain(second)).toEqual(numbers(300, 1210));
    expect(second.stats()).toMatchObject({ observations: 0, bytes: 0, dropped: 0, unreadable: 0 });
    expect(segmentsIn(folder)).toEqual([]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('loses nothing and repeats nothing over any number of kills', async () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constantFrom('answer' as const, 'kill' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const folder = makeFolder();
        // So small that a few observations fill a segment.
        const { start } = fixture(folder.path, MIB);
        let spool = await start();
        let underWay: Run | null = null;
        let appended = 0;
        const sent: number[] = [];
        const answer = async () => {
          sent.push(...(underWay?.items ?? []).map(idOf));
          underWay = null;
          await spool.commit(null, 0);
        };
        for (const step of [...actions, { do: 'kill' as const }]) {
          if (step.do === 'append') {
            await spool.append(items(appended, step.count, false, 5000));
            appended += step.count;
          } else if (step.do === 'take' && underWay === null) {
            const taken = await spool.take({ count: step.count, bytes: MIB });
            underWay = { stream: 's', first: sent.length, items: taken };
            await spool.commit(underWay, 7);
          } else if (step.do === 'answer') await answer();
          else if (step.do === 'kill') {
            // The file that was written to is left open, as a process leaves it that is killed.
            const dead = spool;
            spool = await start();
            await dead.close();
            expect(spool.inherit().underWay).toEqual(underWay);
          }
        }
        await answer();
        expect([...sent, ...(await drain(spool))]).toEqual(numbers(0, appended - spool.stats().dropped));
        expect(spool.stats()).toMatchObject({ dropped: 0, unreadable: 0 });
        folder.remove();
      }),
      { numRuns: 40 },
    );
  });

  it('never has more than its limit, and lets the oldest summaries go before any other', async () => {
    const append = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      isSummary: fc.boolean(),
      size: fc.integer({ min: 0, max: 3000 }),
    });
    const limitBytes = 128 * 1024;
    await fc.assert(
      fc.asyncProperty(fc.array(append, { minLength: 1, maxLength: 40 }), async (appends) => {
        const folder = makeFolder();
        const spool = await fixture(folder.path, limitBytes).start();
        const summaries: number[] = [];
        const others: number[] = [];
        let next = 0;
        for (const { count, isSummary, size } of appends) {
          await spool.append(items(next, count, isSummary, size));
          (isSummary ? summaries : others).push(...numbers(next, count));
          next += count;
          expect(spool.stats().bytes).toBeLessThanOrEqual(limitBytes);
          expect(spool.stats().observations + spool.stats().dropped).toBe(next);
        }
        const { dropped } = spool.stats();
        const left = await drain(spool);
        const leftSummaries = left.filter((id) => summaries.includes(id));
        const leftOthers = left.filter((id) => others.includes(id));
        expect(left).toEqual(left.toSorted((a, b) => a - b));
        expect(left.length).toBe(next - dropped);
        expect(leftSummaries).toEqual(summaries.slice(summaries.length - leftSummaries.length));
        expect(leftOthers).toEqual(others.slice(others.length - leftOthers.length));
        folder.remove();
      }),
      { numRuns: 60 },
    );
  });

  it('keeps every transition of an hour whose summaries did not fit', async () => {
    const { start } = inFolder(MIB);
    const spool = await start();
    for (let second = 0; second < 3600; second += 10) {
      await spool.append(items(second, 10, true, 500));
      if (second % 60 === 0) await spool.append([item(100_000 + second, false, 500)]);
    }
    expect(spool.stats().dropped).toBeGreaterThan(1000);
    const left = await drain(spool);
    expect(left.filter((id) => id >= 100_000)).toEqual(numbers(0, 60).map((minute) => 100_000 + minute * 60));
    expect(left).toContain(3599);
    expect(left).not.toContain(0);
  });

  it('skips what is torn or was changed, and counts it', async () => {
    const { folder, start, lines } = inFolder();
    const first = await start();
    await first.append(items(0, 10));
    await first.close();
    const [path = ''] = segmentsIn(folder);
    // A bit on the disk, and the last line as a loss of power leaves it.
    writeFileSync(path, readFileSync(path, 'utf8').replace('"id":3', '"id":7'));
    appendFileSync(path, '{"crc32":1234,"summ');
    const second = await start();
    await second.append(items(10, 5));
    expect(await drain(second)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(second.stats()).toMatchObject({ observations: 0, dropped: 2, unreadable: 2 });
    expect(lines.join()).not.toContain('padding');
  });

  it('gets over a segment of noise, one that vanished and a journal of noise', async () => {
    const { folder, start, lines } = inFolder(MIB);
    const first = await start();
    await first.append(items(0, 100, false, 900));
    await first.close();
    const paths = segmentsIn(folder);
    expect(paths.length).toBeGreaterThan(2);
    const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n').length - 1;
    writeFileSync(paths[0]!, Buffer.alloc(70_000, 0xfe));
    writeFileSync(join(folder, 'journal.json'), '{"position":{"segment":-1}}');
    const second = await start();
    const gone = linesOf(paths[1]!);
    rmSync(paths[1]!);
    const left = await drain(second);
    expect(left.at(-1)).toBe(99);
    expect(second.stats()).toMatchObject({ observations: 0, dropped: gone + 1, unreadable: gone + 1 });
    expect(lines.filter((line) => line.includes('cannot be understood'))).toHaveLength(1);
  });

  it('does not send again what was taken out, where a kill kept it from being removed', async () => {
    const { folder, start } = inFolder();
    const first = await start();
    await first.append(items(0, 10));
    const [path = ''] = segmentsIn(folder);
    const content = readFileSync(path);
    expect(await drain(first)).toEqual(numbers(0, 10));
    writeFileSync(path, content);
    const second = await start();
    expect(second.stats().observations).toBe(0);
    await second.append(items(10, 5));
    await second.close();
    expect(await drain(await start())).toEqual(numbers(10, 5));
  });

  it('keeps under way and untold what the last process left so', async () => {
    const { start } = inFolder();
    const first = await start();
    const underWay: Run = { stream: 'the-stream', first: 41, items: [item(1), item(2, true)] };
    expect(await first.commit(underWay, 3)).toBe(true);
    await first.close();
    const second = await start();
    // Not before it was asked for: it would be gone with a second kill.
    expect(await second.commit(null, 0)).toBe(false);
    expect(second.inherit()).toMatchObject({ underWay, untold: 3 });
    expect(second.inherit()).toMatchObject({ underWay: null, untold: 0 });
    expect(await second.commit(null, 0)).toBe(true);
    expect((await start()).inherit()).toMatchObject({ underWay: null, untold: 0 });
  });

  describe.skipIf(why !== null)('on a disk of its own', () => {
    const onDisk = (kibibytes: number) => {
      const disk = mountDisk(kibibytes);
      onTestFinished(() => disk.remove());
      let nowMs = 0;
      const pass = (ms: number) => void (nowMs += ms);
      return { disk, pass, ...fixture(disk.path, 64 * MIB, () => nowMs) };
    };
    const countOf = (lines: readonly string[], text: string) =>
      lines.filter((line) => line.includes(text)).length;

    it('takes what fits, says once that the disk is full, and goes on when there is room', async () => {
      const { start, lines, pass } = onDisk(64);
      const spool = await start();
      let appended = 0;
      while ((await spool.append(items(appended, 10, false, 500))) === 10) appended += 10;
      expect(appended).toBeGreaterThan(50);
      expect(spool.stats()).toMatchObject({ observations: appended, dropped: 0 });
      expect(spool.stats().failure).toContain('ENOSPC');
      expect(await spool.prepare()).toBe(false);
      pass(1000);
      expect(await spool.append(items(appended, 10, false, 500))).toBe(0);
      expect(await drain(spool, 10)).toEqual(numbers(0, appended));
      expect(await spool.prepare()).toBe(false);
      pass(1000);
      expect(await spool.prepare()).toBe(true);
      expect(await spool.append(items(appended, 10, false, 500))).toBe(10);
      expect(await drain(spool)).toEqual(numbers(appended, 10));
      expect(countOf(lines, 'kept in memory only')).toBe(1);
      expect(countOf(lines, 'the spool can be written again')).toBe(1);
      expect(spool.stats()).toMatchObject({ failure: null, dropped: 0, unreadable: 0 });
    });

    it('empties a disk that was full when the process was killed', async () => {
      const { start } = onDisk(64);
      const first = await start();
      let appended = 0;
      while ((await first.append(items(appended, 1, false, 1000))) === 1) appended += 1;
      const second = await start();
      expect(await drain(second, 5)).toEqual(numbers(0, appended));
      expect(second.stats()).toMatchObject({ bytes: 0, unreadable: 0 });
      await first.close();
    });

    it('waits for a disk that is read-only', async () => {
      const { disk, start, lines, pass } = onDisk(64);
      disk.setReadOnly(true);
      const spool = await start();
      expect(spool.stats().failure).toContain('EROFS');
      expect(await spool.append(items(0, 1))).toBe(0);
      disk.setReadOnly(false);
      pass(1000);
      expect(await spool.prepare()).toBe(true);
      expect(await spool.append(items(0, 1))).toBe(1);
      expect(countOf(lines, 'kept in memory only')).toBe(1);
      await spool.close();
    });
  });

  it('waits for a folder where there is something else', async () => {
    const folder = makeFolder();
    onTestFinished(() => folder.remove());
    const path = join(folder.path, 'file');
    writeFileSync(path, '');
    const { start } = fixture(path);
    const spool = await start();
    expect(spool.stats().failure).toMatch(/EEXIST|ENOTDIR/);
    expect(await spool.take({ count: 1, bytes: MIB })).toEqual([]);
  });
});
