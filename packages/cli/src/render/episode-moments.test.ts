import { describe, expect, test } from 'vitest';
import { episodeOf, type KernelWhisper } from 'kernel-gossip-types';
import { fullWhisper, proven } from '../testing/remedies.ts';
import { whisper } from '../testing/whispers.ts';
import { momentsOf, toldUntil } from './episode-moments.ts';

const clock = (time: number): string => new Date(time).toISOString().slice(11, 19);
/** Each moment as a line: its window or its time, who tells it, and what. */
const told = (one: KernelWhisper): readonly string[] =>
  momentsOf(one).map(({ from, at, voice, text, earlier }) => {
    const window = from === at ? '' : `${clock(from)}-`;
    return `${[...earlier, at].map((time) => window + clock(time)).join(' ')} ${voice}: ${text}`;
  });
const NO_METRICS = { metrics: null, metrics_comparison: null };

describe('the moments of a whisper', () => {
  test('proven: figures with their windows, the change and the decision, in order', () => {
    expect(told(fullWhisper(proven()))).toEqual([
      '10:29:50-10:30:00 Kernel: throttled 86%',
      '10:29:55-10:30:05 Kernel: throttled 86% before',
      '10:30:12 Remedy: CPU limit 200m → 400m sent',
      '10:33:40-10:33:50 Kernel: throttled 1% after',
      '10:33:51 Remedy: Proven',
      '10:33:46-10:34:02 Metrics: used 0.18 cores',
      '10:33:55-10:34:05 Kernel: used 0.19 cores',
    ]);
  });

  test('of changes before the last one, the object tells when, and not what', () => {
    const parts = {
      before: null,
      after: null,
      phase: 'TakenBack',
      applied_at: '2024-03-15T10:33:12Z',
      changes: ['2024-03-15T10:30:12Z', '2024-03-15T10:31:12Z', '2024-03-15T10:33:12Z'],
    };
    expect(told(fullWhisper(proven(parts), NO_METRICS)).slice(1)).toEqual([
      '10:30:12 10:31:12 Remedy: limits changed 2 times',
      '10:33:12 Remedy: CPU limit 200m → 400m sent',
      '10:33:51 Remedy: TakenBack',
    ]);
    const once = { ...parts, changes: parts.changes.slice(1) };
    expect(told(fullWhisper(proven(once), NO_METRICS))).toContain('10:31:12 Remedy: limits changed');
  });

  test('what was decided before something was begun anew is not called by the phase of now', () => {
    const undone = proven({ phase: 'TakingBack', applied_at: '2024-03-15T10:34:30Z' });
    expect(told(fullWhisper(undone))).toContain('10:33:51 Remedy: an earlier decision');
    expect(told(fullWhisper(undone))).toContain('10:33:40-10:33:50 Kernel: throttled 1% while tried');
  });

  test('nothing is called sent where the old limits were there already', () => {
    const { from } = proven();
    expect(told(fullWhisper(proven({ to: from }))).join()).not.toContain('sent');
    expect(told(fullWhisper(proven({ to: null })))).toContain('10:30:12 Remedy: change sent');
  });

  test('one window is told once, a newer one beside it', () => {
    const { after } = proven() as { after: { container: object } };
    expect(told(fullWhisper(proven(), { measured: after })).filter((line) => line.endsWith(' now'))).toEqual(
      [],
    );
    const newer = { container: { ...after.container, measured_at: '2024-03-15T10:34:30Z' } };
    expect(told(fullWhisper(proven(), { measured: newer }))).toContain(
      '10:34:20-10:34:30 Kernel: throttled 1% now',
    );
  });

  test('what was not measured, or nobody says when, is no moment', () => {
    const bare = { measured_at: '2024-03-15T10:34:30Z', window_seconds: 10, nr_periods: 0, nr_throttled: 0 };
    const unsaid = { availability: 'no_sample', read_at: '2024-03-15T10:34:10Z', cpu_cores: 0.18 };
    expect(told(fullWhisper(null, { metrics: unsaid, measured: { container: bare } }))).toHaveLength(1);
    // Figures without a time, on an object that has changed since it was made.
    const changed = fullWhisper(null, NO_METRICS);
    expect(momentsOf({ ...changed, metadata: { ...changed.metadata, generation: 2 } })).toEqual([]);
  });

  test('the other kinds tell their own figure; metrics have none of the network', () => {
    const measured_at = '2024-03-15T10:31:00Z';
    const bytes = { availability: 'available', read_at: measured_at, measured_at, memory_bytes: 1 << 27 };
    const reading = { measured_at: '2024-03-15T10:32:00Z', window_seconds: 10, memory_usage_bytes: 1 << 28 };
    expect(
      told(
        fullWhisper(
          null,
          { metrics: bytes, measured: { container: reading } },
          {
            kind: 'memory_pressure',
            measured_at,
            memory: { usage_bytes: 1 << 28, window_seconds: 30 },
            metrics_lie: { reported_memory_bytes: 1 << 27 },
          },
        ),
      ),
    ).toEqual([
      '10:30:30-10:31:00 Kernel: in use 256 MiB',
      '10:30:30-10:31:00 Metrics: in use 128 MiB',
      '10:31:00 Metrics: in use 128 MiB',
      '10:31:50-10:32:00 Kernel: in use 256 MiB now',
    ]);
    const network = { symptom: 'retransmits', failure_percent: 12.5, window_seconds: 10 };
    expect(told(fullWhisper(null, {}, { kind: 'network_issue', measured_at, network }))).toEqual([
      '10:30:50-10:31:00 Kernel: failed 12.5%',
    ]);
  });
});

describe('the episode', () => {
  const NEVER_SEEN = { status: { last_seen: null } };
  test.each([
    ['until it was told of last', {}, '10:34:15', null],
    [
      'of which only figures tell',
      { ...NEVER_SEEN, spec: { measured_at: '2024-03-15T10:31:00Z' } },
      '10:31:00',
      null,
    ],
    ['told once', NEVER_SEEN, '10:30:00', null],
    ['until its end', { spec: { ended_at: '2024-03-15T10:32:00Z' } }, '10:32:00', '10:32:00'],
    ['before it was ever heard of here', { status: { last_seen: '2024-03-15T10:29:59Z' } }, '10:30:00', null],
  ])('%s', (_, parts, until, end) => {
    const one = whisper(parts);
    const { from, to } = episodeOf(one);
    expect([clock(from), clock(toldUntil(one)), to === null ? null : clock(to)]).toEqual([
      '10:30:00',
      until,
      end,
    ]);
  });

  test('says what was measured when it ended', () => {
    const ended = { ended_at: '2024-03-15T10:32:00Z' };
    expect(told(whisper({ spec: { ...ended, ended_percent: 3 } })).at(-1)).toBe(
      '10:32:00 Episode: over; measured then: 3%',
    );
    expect(told(whisper({ spec: ended })).at(-1)).toBe('10:32:00 Episode: over');
  });
});
