import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { episodeOf, REMEDY_PHASES, type KernelWhisper } from 'kernel-gossip-types';
import { describe, expect, test } from 'vitest';
import { inAscii } from '../terminal/signs.ts';
import { widthOf } from '../terminal/width.ts';
import { fullWhisper, proposed, proven } from '../testing/remedies.ts';
import { NOW, whisper } from '../testing/whispers.ts';
import { momentsOf } from './episode-moments.ts';
import { episodeTimeline } from './episode-timeline.ts';
import { explainPod } from './explain.ts';

const paper = (width: number, level: 0 | 1 = 0) => ({ chalk: new Chalk({ level }), width, now: NOW });
const drawn = (one: KernelWhisper, width = 80): string => episodeTimeline(one, paper(width)).join('\n');

const ONCE = {
  spec: { measured_at: '2024-03-15T10:30:00Z' },
  status: { last_seen: '2024-03-15T10:30:00.4Z' },
};

describe('the timeline of an episode', () => {
  test('at 80 columns', () => {
    expect(drawn(fullWhisper(proven()))).toMatchInlineSnapshot(`
      "  When, by each source's clock:        2024-03-15T10:29:50Z───────now
        Episode: began; still open           ██████████████████████████░░░→     5m ago
        Kernel: throttled 86%                █                                  5m ago
        Kernel: throttled 86% before         ██                              4m55s ago
        Remedy: CPU limit 200m → 400m sent     ◆                             4m48s ago
        Kernel: throttled 1% after                                 ██          70s ago
        Remedy: Proven                                              ◆          69s ago
        Metrics: used 0.18 cores                                   ███         58s ago
        Kernel: used 0.19 cores                                     ██         55s ago
        █ lasted, or a figure's window   ░ not told since   → no end known   ◆ moment"
    `);
  });

  test('at 40 columns: bars below', () => {
    expect(drawn(fullWhisper(proven()), 40)).toMatchInlineSnapshot(`
      "  When, by each source's clock:
        2024-03-15T10:29:50Z───────────────now
        Episode: began; still open      5m ago
         ████████████████████████████████░░░░→
        Kernel: throttled 86%           5m ago
        ██
        Kernel: throttled 86%        4m55s ago
          before
        ██
        Remedy: CPU limit 200m →     4m48s ago
          400m sent
          ◆
        Kernel: throttled 1% after     70s ago
                                    ██
        Remedy: Proven                 69s ago
                                     ◆
        Metrics: used 0.18 cores       58s ago
                                    ███
        Kernel: used 0.19 cores        55s ago
                                      ██
        █ lasted, or a figure's window
        ░ not told since   → no end known
        ◆ moment"
    `);
  });

  test('over: a whole bar, and the axis ends there', () => {
    const over = whisper({ spec: { ended_at: '2024-03-15T10:32:00Z', ended_percent: 3 } });
    expect(drawn(over)).toMatchInlineSnapshot(`
      "  When, by each source's clock:        2024-03-15T10:29:00Z────3m ago
        Episode: began                                 ████████████████████     5m ago
        Kernel: throttled 85.5%              ███████████                        5m ago
        Metrics: used 0.35 cores             ███████████                        5m ago
        Episode: over; measured then: 3%                                  ◆     3m ago
        █ lasted, or a figure's window   ◆ moment"
    `);
  });

  test('nobody saw its end: the bar stays open', () => {
    const silent = whisper({ status: { phase: 'Resolved', last_seen: '2024-03-15T10:32:00Z' } });
    expect(drawn(silent)).toMatchInlineSnapshot(`
      "  When, by each source's clock:        2024-03-15T10:29:00Z───────now
        Episode: began; its end not measured      ███████████░░░░░░░░░░░░░→     5m ago
        Kernel: throttled 85.5%              ██████                             5m ago
        Metrics: used 0.35 cores             ██████                             5m ago
        █ lasted, or a figure's window   ░ not told since   → no end known"
    `);
  });

  test('what an earlier episode left stands before its beginning', () => {
    const again = fullWhisper(proven(), {}, { detected_at: '2024-03-15T10:34:30Z' });
    const lines = drawn(again).split('\n');
    const began = lines.findIndex((line) => line.includes('Episode: began'));
    expect(lines.findIndex((line) => line.includes('Remedy: Proven'))).toBeLessThan(began);
  });

  test('is not drawn where there is one moment only', () => {
    expect(drawn(whisper(ONCE))).toBe('');
    const story = explainPod(
      { namespace: 'shop', pod: 'web-1', whispers: [whisper(ONCE)], certificates: [] },
      paper(80),
    );
    expect(story).not.toContain('When');
    expect(story).not.toContain('\n\n\n');
    expect(drawn(whisper({ ...ONCE, status: { last_seen: '2024-03-15T10:30:01Z' } }))).not.toBe('');
  });

  test('a clock that is ahead is not hidden', () => {
    const ahead = drawn(whisper({ spec: { ended_at: '2024-03-15T10:36:00Z' } }));
    expect(ahead).toMatch(/─ahead\n/);
    expect(ahead).toMatch(/Episode: over .* ahead\n/);
  });
});

describe('whatever stands on the whisper', () => {
  const DAY = 86_400_000;
  const time = fc.integer({ min: NOW - 3 * DAY, max: NOW + DAY }).map((ms) => new Date(ms).toISOString());
  const some = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: null });
  const window_seconds = fc.double({ min: 0, max: 90_000, noNaN: true });
  const counts = { nr_periods: some(fc.nat(36_000)), nr_throttled: some(fc.nat(36_000)) };
  const pair = some(
    fc.record({ container: some(fc.record({ measured_at: time, window_seconds, ...counts })) }),
  );
  const remedy = some(
    fc
      .record({
        phase: fc.constantFrom(...REMEDY_PHASES),
        before: pair,
        after: pair,
        changes: some(fc.array(time, { maxLength: 64 })),
        applied_at: some(time),
        decided_at: some(time),
      })
      .map((parts) => proposed(parts)),
  );
  const metrics = some(
    fc.record({
      availability: fc.constantFrom('available', 'not_available', 'no_sample'),
      read_at: time,
      measured_at: some(time),
      window_seconds: some(window_seconds),
      cpu_cores: some(fc.double({ min: 0, max: 512, noNaN: true })),
      kernel_measured_at: some(time),
      kernel_cpu_cores: some(fc.double({ min: 0, max: 512, noNaN: true })),
    }),
  );
  const any = fc
    .record({
      remedy,
      status: fc.record({
        metrics,
        measured: pair,
        last_seen: some(time),
        phase: fc.constantFrom('Open', 'Resolved'),
      }),
      spec: fc.record({
        severity: fc.constantFrom('critical', 'warning', 'info'),
        detected_at: time,
        measured_at: some(time),
        ended_at: some(time),
        ended_percent: some(fc.double({ min: 0, max: 100, noNaN: true })),
      }),
    })
    .map((parts) => fullWhisper(parts.remedy, parts.status, parts.spec));
  const width = fc.integer({ min: 40, max: 400 });

  test('no line is wider than the paper; with colours and in ASCII it is the same picture', () => {
    fc.assert(
      fc.property(any, width, (one, columns) => {
        const lines = episodeTimeline(one, paper(columns));
        expect(lines.filter((line) => widthOf(line) > columns)).toEqual([]);
        expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity|Invalid|<invalid>/);
        expect(episodeTimeline(one, paper(columns, 1)).map((line) => stripVTControlCharacters(line))).toEqual(
          lines,
        );
        const ascii = lines.map(inAscii);
        expect(ascii.join('')).toMatch(/^[ -~]*$/);
        expect(ascii.map((line) => line.length)).toEqual(lines.map(widthOf));
      }),
    );
  });

  /** The bars, in the order of their rows. */
  const barsOf = (lines: readonly string[]): readonly string[] =>
    // In the legend a sign has its words behind it. What began just now may be no more than an arrow.
    lines.filter((line) => /[█◆]|began.*→|^ +→$/.test(line) && !/[█░→◆] [a-z]/.test(line));

  test('each moment leaves a mark, and a later one never further left', () => {
    fc.assert(
      fc.property(any, width, (one, columns) => {
        const lines = episodeTimeline(one, paper(columns));
        const moments = momentsOf(one);
        const bars = barsOf(lines);
        expect(bars).toHaveLength(lines.length === 0 ? 0 : moments.length + 1);
        const { from } = episodeOf(one);
        const began = moments.filter(({ at }) => at < from).length;
        const ends = bars
          .map((bar) => Math.max(bar.lastIndexOf('█'), bar.lastIndexOf('◆')))
          .toSpliced(began, 1);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        // The beginning of the episode is where a moment of the same time would be.
        const first = bars[began]?.search(/[█→]/) ?? 0;
        for (const [index, end] of ends.entries())
          if ((moments[index]?.at ?? from) < from) expect(end).toBeLessThanOrEqual(first);
          else expect(end).toBeGreaterThanOrEqual(first);
      }),
    );
  });

  test('the whole story stays on the paper, commands but for', () => {
    fc.assert(
      fc.property(any, width, (one, columns) => {
        const story = explainPod(
          { namespace: 'shop', pod: 'web-1', whispers: [one], certificates: [] },
          paper(columns),
        );
        const prose = story.split('\n').filter((line) => !line.includes('→ kgossip'));
        expect(prose.filter((line) => widthOf(line) > columns)).toEqual([]);
      }),
    );
  });
});
