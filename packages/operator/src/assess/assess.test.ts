import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  API_VERSION,
  decode,
  KernelWhisperStatus,
  PodBirthCertificate,
  PodBirthCertificateStatus,
} from 'kernel-gossip-types';
import { assessBirth } from './birth.ts';
import { whisperWith } from './testing.ts';
import { assessWhisper } from './whisper.ts';
import { coresText, millisecondsText, percentText } from './words.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const POLICY = { quietAfterMs: 600_000 };

const decoded = <A>(result: ReturnType<typeof decode<A>>): A => {
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const birth = (spec: object): PodBirthCertificate =>
  decoded(
    decode(PodBirthCertificate, {
      apiVersion: API_VERSION,
      kind: 'PodBirthCertificate',
      metadata: { name: 'a', namespace: 'shop', generation: 1 },
      spec: { pod_name: 'web-1', namespace: 'shop', recorded_at: '2026-01-01T00:00:00Z', ...spec },
    }),
  );
const assess = (spec: object, status: object | null = null) =>
  assessWhisper(whisperWith(spec, status), POLICY, NOW_MS);

describe('the assessment of throttling', () => {
  it('says the documented words when only the share is known', () => {
    expect(assess({ throttled_percent: 85.5 })).toMatchObject({
      phase: 'Open',
      insight: 'Pod experiencing high CPU throttling at 85.5%',
      recommendation: 'Consider increase CPU limits by 50%',
      kernel_evidence: 'Kernel shows 85.5% throttled time',
      priority: 'high',
      metrics_comparison: null,
      observed_generation: 3,
    });
  });

  it('says what was counted when it was counted, and names the limit when it is known', () => {
    const assessment = assess({
      throttled_percent: 90,
      kernel_truth: {
        nr_periods: 100,
        nr_throttled: 90,
        throttled_seconds: 12.345,
        window_seconds: 10,
        limit_cores: 0.2,
      },
    });
    expect(assessment.kernel_evidence).toBe(
      'Kernel throttled 90 of 100 CFS periods (90%) in 10 s; 12.35 s of run time withheld over all CPUs',
    );
    expect(assessment.recommendation).toBe('Raise the CPU limit from 200m to 400m, then measure again');
  });

  it('compares with the metrics only where both spoke', () => {
    const comparison = (kernel: number | null, metrics: number | null) =>
      assess({
        throttled_percent: 1,
        kernel_truth: { actual_cpu_cores: kernel },
        metrics_lie: { reported_cpu_cores: metrics },
      }).metrics_comparison?.discrepancy_percent;
    expect(comparison(0.98, 0.35)).toBe(64.3);
    expect(comparison(0.5, 1)).toBe(-100);
    expect(comparison(0, 1)).toBeNull();
    expect(comparison(1, null)).toBeNull();
    expect(comparison(null, null)).toBeUndefined();
  });

  it('is over when the source says so, or when nobody speaks of it any more', () => {
    const ended = assess({ throttled_percent: 85, ended_at: '2026-01-01T00:00:00Z', ended_percent: 0 });
    expect(ended).toMatchObject({
      phase: 'Resolved',
      conditions: [{ status: 'False', reason: 'EndedBySource' }],
    });
    const quiet = assess({ throttled_percent: 85 }, { last_seen: '2025-12-31T23:50:00Z' });
    expect(quiet).toMatchObject({
      phase: 'Resolved',
      conditions: [{ status: 'False', reason: 'NoLongerReported' }],
    });
    const recent = assess({ throttled_percent: 85 }, { last_seen: '2025-12-31T23:50:01Z' });
    expect(recent.phase).toBe('Open');
  });

  it('says on the one whisper that is told to that others are withheld, and only while they are', () => {
    const withholding = { reason: 'NamespaceFull', message: 'There are 500 open whispers already.' };
    const told = assessWhisper(whisperWith({ throttled_percent: 85 }), POLICY, NOW_MS, withholding);
    expect(told.conditions).toMatchObject([
      { type: 'Ongoing', status: 'True' },
      { type: 'Withholding', status: 'True', ...withholding },
    ]);
    const again = whisperWith({ throttled_percent: 85 }, told);
    expect(assessWhisper(again, POLICY, NOW_MS + 60_000, withholding)).toEqual(told);
    expect(assessWhisper(again, POLICY, NOW_MS + 60_000).conditions).toMatchObject([{ type: 'Ongoing' }]);
  });

  it('keeps the time of a condition that did not change', () => {
    const first = assess({ throttled_percent: 85 });
    const later = assessWhisper(whisperWith({ throttled_percent: 90 }, first), POLICY, NOW_MS + 60_000);
    expect(later.conditions).toEqual(first.conditions);
  });
});

describe('the assessment of memory and network', () => {
  it('puts an OOM kill first', () => {
    const assessment = assess({
      kind: 'memory_pressure',
      memory: {
        usage_percent: 40,
        usage_bytes: 40 * 1024 ** 2,
        limit_bytes: 100 * 1024 ** 2,
        oom_kills: 2,
        window_seconds: 30,
      },
    });
    expect(assessment).toMatchObject({
      insight: "Pod lost 2 processes to the kernel's OOM killer",
      kernel_evidence:
        'Kernel shows 40% of the memory limit in use (40 MiB of 100 MiB); OOM kills: 2 in 30 s',
      recommendation: 'Raise the memory limit above 100 MiB: it was not enough for what was killed',
    });
  });

  it('keeps the kills of the episode beside those of the window', () => {
    const memory = { usage_percent: 96, oom_kills: 0, episode_oom_kills: 3, window_seconds: 10 };
    expect(assess({ kind: 'memory_pressure', memory })).toMatchObject({
      insight: "Pod lost 3 processes to the kernel's OOM killer",
      kernel_evidence:
        'Kernel shows 96% of the memory limit in use; OOM kills: 0 in 10 s; 3 OOM kills since it began',
    });
  });

  it('tells of waiting for memory where there is no limit', () => {
    const assessment = assess({
      kind: 'memory_pressure',
      memory: { stalled_percent: 31.2, usage_bytes: 40 * 1024 ** 2, window_seconds: 10 },
    });
    expect(assessment).toMatchObject({
      insight: 'Pod experiencing memory pressure: tasks waited for memory 31.2% of the time',
      kernel_evidence:
        'Kernel shows 40 MiB of memory in use, without a limit; tasks waited for memory 31.2% of the time in 10 s',
    });
  });

  it('invents no figure where none was measured', () => {
    expect(assess({ kind: 'memory_pressure', memory: {} })).toMatchObject({
      insight: 'Pod experiencing memory pressure; how much was not measured',
      kernel_evidence: 'Nothing was measured',
    });
  });

  it('names the symptom of the network', () => {
    const assessment = assess({
      kind: 'network_issue',
      network: { symptom: 'retransmits', failure_percent: 4, failed: 4, attempted: 100, latency_ms: 12 },
    });
    expect(assessment.kernel_evidence).toBe(
      'Kernel shows 4% TCP retransmissions (4 of 100 segments); round trip 12 ms',
    );
    expect(assessment.cause).toEqual({
      kind: 'network_retransmits',
      evidence: [
        'failure_percent: 4% (4 of 100), in a window that is not told',
        'latency_ms: 12 ms, median, in a window that is not told',
      ],
      would_tell: 'the same figures of the other end would tell where on the way it arises',
    });
  });

  it.each([
    ['drops', 'network_drops'],
    ['resets', 'network_resets'],
    ['connection_failures', 'network_connection_failures'],
    ['dns_failures', 'dns_failures'],
  ])('takes the symptom %s for the cause', (symptom, kind) => {
    const network = { symptom, failure_percent: 4, window_seconds: 10 };
    expect(assess({ kind: 'network_issue', network }).cause).toMatchObject({
      kind,
      evidence: ['failure_percent: 4% in 10 s'],
    });
  });
});

const anyWhisper = fc.record({
  provenance: fc.constantFrom('measured', 'synthetic', 'replayed'),
  container_name: fc.option(fc.constant('app')),
  ended_at: fc.option(fc.constantFrom('2026-01-01T00:00:30Z', '2025-12-31T00:00:00Z')),
  severity: fc.constantFrom('critical', 'warning', 'info'),
  throttled_percent: fc.double({ min: 0, max: 100, noNaN: true }),
  kernel_truth: fc.option(
    fc.record({
      limit_cores: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })),
      actual_cpu_cores: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })),
      nr_periods: fc.option(fc.nat()),
      nr_throttled: fc.option(fc.nat()),
      throttled_seconds: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })),
      threads: fc.option(fc.nat()),
      runnable_threads: fc.option(fc.nat()),
      runtime: fc.option(fc.constantFrom('jvm', 'go', 'x'.repeat(31))),
      cpu_pressure_percent: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
      age_seconds: fc.option(fc.nat(1000)),
      window_seconds: fc.option(fc.double({ min: 0, max: 600, noNaN: true })),
    }),
  ),
  metrics_lie: fc.option(
    fc.record({ reported_cpu_cores: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })) }),
  ),
});

describe('an assessment', () => {
  it('is always a status that the API takes, and the same when made again', () => {
    fc.assert(
      fc.property(anyWhisper, (spec) => {
        const first = assess(spec);
        expect(isRight(decode(KernelWhisperStatus, first))).toBe(true);
        expect(assess(spec, first)).toEqual(first);
      }),
    );
  });
});

describe('the assessment of a birth', () => {
  it('names the slowest phase that was measured', () => {
    const status = assessBirth(
      birth({
        kernel_stats: { total_syscalls: 847, total_duration_ms: 2500 },
        timeline: [
          { timestamp_ms: 0, actor: 'scheduler', action: 'assigned to node1', duration_ms: 20 },
          { timestamp_ms: 100, actor: 'runtime', action: 'pulled the image', duration_ms: 2000 },
          { timestamp_ms: 2400, actor: 'kernel', action: 'exec of the entry point' },
        ],
      }),
      NOW_MS,
    );
    expect(status.slowest_phase).toEqual({
      actor: 'runtime',
      action: 'pulled the image',
      duration_ms: 2000,
      resolution_ms: null,
      share_percent: 80,
    });
    expect(status.verdict).toBe(
      'Born in 2.5 s with 847 system calls; slowest: pulled the image by runtime, 2 s (80%)',
    );
    expect(status.conditions).toMatchObject([{ type: 'Complete', status: 'False' }]);
    expect(isRight(decode(PodBirthCertificateStatus, status))).toBe(true);
  });

  it('invents nothing where nothing was measured', () => {
    const status = assessBirth(birth({ kernel_stats: {} }), NOW_MS);
    expect(status.slowest_phase).toBeNull();
    expect(status.verdict).toBe(
      'How long the birth took was not measured; the timeline does not tell where the time went',
    );
  });
});

describe('words', () => {
  it.each([
    [percentText(85.5), '85.5%'],
    [percentText(85.04), '85%'],
    [coresText(0.2), '200m'],
    [coresText(2), '2'],
    [coresText(1.5), '1500m'],
    [millisecondsText(12.34), '12.3 ms'],
    [millisecondsText(2500), '2.5 s'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});
