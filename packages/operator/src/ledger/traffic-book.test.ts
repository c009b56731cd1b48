import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TrafficBook, type TrafficLimits } from './traffic-book.ts';

interface Report {
  readonly id: string;
  readonly requests: number;
}

const START_MS = Date.parse('2026-01-01T00:00:00Z');
const LIMITS: TrafficLimits = { minutes: 30, perPodAndMinute: 4, reports: 20 };
const MINUTE_MS = 60_000;

const bookWith = (limits: Partial<TrafficLimits> = {}): TrafficBook<Report> =>
  new TrafficBook({ ...LIMITS, ...limits }, ({ requests }) => requests, START_MS);

interface Told {
  readonly pod: string;
  readonly report: Report;
  /** Minutes after the start. */
  readonly minute: number;
}

const note = (book: TrafficBook<Report>, { pod, report, minute }: Told, nowMinute = 0): string =>
  book.note(pod, report, START_MS + minute * MINUTE_MS, START_MS + nowMinute * MINUTE_MS);

/** A report's id holds its minute, as the real one's does. */
const told = fc
  .record({
    pod: fc.constantFrom('a', 'b', 'c'),
    minute: fc.integer({ min: -20, max: 5 }),
    kind: fc.integer({ min: 0, max: 9 }),
    requests: fc.nat({ max: 5 }),
  })
  .map(({ pod, minute, kind, requests }): Told => ({
    pod,
    minute,
    report: { id: `${minute}/${kind}`, requests },
  }));

const contents = (book: TrafficBook<Report>): unknown =>
  ['a', 'b', 'c'].map((pod) => [...book.of(pod)].sort((a, b) => (a.id < b.id ? -1 : 1)));

const several = fc.array(told, { maxLength: 120 });

describe('the book of traffic', () => {
  it('holds the same whatever the order in which reports came, and however often', () => {
    const twice = several.chain((all) =>
      fc.tuple(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length }),
      ),
    );
    fc.assert(
      fc.property(twice, ([once, again]) => {
        const [one, other] = [bookWith(), bookWith()];
        for (const item of once) note(one, item);
        for (const item of again) note(other, item);
        expect(contents(other)).toEqual(contents(one));
        expect(other.sinceMs).toBe(one.sinceMs);
        expect(other.size).toBe(one.size);
      }),
      { numRuns: 500 },
    );
  });

  it('never outgrows its bounds, and counts what it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(told, fc.nat({ max: 40 })), { maxLength: 150 }), (all) => {
        const book = bookWith();
        let now = 0;
        for (const [item, later] of all) {
          now = Math.max(now, later);
          note(book, item, now);
          expect(book.size).toBeLessThanOrEqual(LIMITS.reports);
        }
        const held = ['a', 'b', 'c'].map((pod) => book.of(pod));
        expect(book.size).toBe(held.flat().length);
        expect(book.pods).toBe(held.filter(({ length }) => length > 0).length);
        for (const reports of held) {
          const minutes = reports.map(({ id }) => Number(id.split('/')[0]));
          for (const minute of minutes) {
            expect(minute).toBeGreaterThanOrEqual(now - LIMITS.minutes);
            expect(minutes.filter((other) => other === minute).length).toBeLessThanOrEqual(4);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('loses nothing that there is room for', () => {
    fc.assert(
      fc.property(several, (all) => {
        const book = bookWith({ perPodAndMinute: 1000, reports: 1000 });
        for (const item of all) expect(['kept', 'known']).toContain(note(book, item));
        expect(book.size).toBe(new Set(all.map(({ pod, report }) => `${pod} ${report.id}`)).size);
        expect(['a', 'b', 'c'].map((pod) => book.leftOut(pod))).toEqual([0, 0, 0]);
      }),
    );
  });

  it('leaves the lightest of a pod and minute out, and counts them', () => {
    const book = bookWith();
    const noted = [5, 1, 4, 3, 2, 0].map((requests) =>
      note(book, { pod: 'a', minute: 0, report: { id: `0/${requests}`, requests } }),
    );
    expect(noted).toEqual(['kept', 'kept', 'kept', 'kept', 'kept', 'left-out']);
    expect(
      book
        .of('a')
        .map(({ requests }) => requests)
        .sort(),
    ).toEqual([2, 3, 4, 5]);
    expect(book.leftOut('a')).toBe(2);
    expect(note(book, { pod: 'b', minute: 0, report: { id: '0/0', requests: 0 } })).toBe('kept');
  });

  it('tells reports of equal weight apart by their ids alone: a page is searched for each that is left out', () => {
    const whole = (): never => {
      throw new Error('read as a whole');
    };
    const book = bookWith();
    const noted = [3, 0, 4, 1, 2].map((n) => {
      const report = { id: `0/${n}`, requests: 1, toJSON: whole };
      return note(book, { pod: 'a', minute: 0, report });
    });
    expect(noted).toEqual(['kept', 'kept', 'kept', 'kept', 'kept']);
    expect(book.of('a').map(({ id }) => id)).toEqual(['0/3', '0/4', '0/1', '0/2']);
  });

  it('lets the oldest minutes go where there are too many, and says since when it knows all', () => {
    const book = bookWith({ reports: 2 });
    const at = (minute: number): string =>
      note(book, { pod: 'a', minute, report: { id: `${minute}/0`, requests: 1 } });
    expect([at(1), at(2), at(3), at(1)]).toEqual(['kept', 'kept', 'kept', 'old']);
    expect(book.sinceMs).toBe(START_MS + 2 * MINUTE_MS);
    expect(book.of('a').map(({ id }) => id)).toEqual(['2/0', '3/0']);
  });

  it('takes no more where a single minute fills it', () => {
    const book = bookWith({ reports: 2 });
    const of = (pod: string): string => note(book, { pod, minute: 0, report: { id: '0/0', requests: 1 } });
    expect([of('a'), of('b'), of('c')]).toEqual(['kept', 'kept', 'left-out']);
    expect([book.size, book.pods]).toEqual([2, 2]);
  });

  it('forgets what is older than half an hour by itself', () => {
    const book = bookWith();
    note(book, { pod: 'a', minute: 0, report: { id: '0/0', requests: 1 } });
    book.expire(START_MS + 30 * MINUTE_MS);
    expect(book.size).toBe(1);
    book.expire(START_MS + 31 * MINUTE_MS);
    expect([book.size, book.pods, book.of('a')]).toEqual([0, 0, []]);
  });
});
