import { Chalk } from 'chalk';
import fc from 'fast-check';
import { REMEDY_PHASES } from 'kernel-gossip-types';
import { describe, expect, test } from 'vitest';
import { remedied } from '../remedy/choose-remedy.ts';
import { table } from '../terminal/table.ts';
import { widthOf } from '../terminal/width.ts';
import { fullWhisper, proposed, proven } from '../testing/remedies.ts';
import { NOW, whisper } from '../testing/whispers.ts';
import { explainPod } from './explain.ts';
import { byWorkload } from './order.ts';
import { byNeed, remedyColumns } from './remedy-columns.ts';
import { remedySheet } from './remedy-sheet.ts';
import { whisperColumns } from './whisper-columns.ts';

type Parts = Readonly<Record<string, unknown>>;

const chalk = new Chalk({ level: 0 });
const paper = (width: number) => ({ chalk, width, now: NOW });
const told = (one: ReturnType<typeof fullWhisper>, width = 80): string =>
  explainPod({ namespace: 'shop', pod: 'web-1', whispers: [one], certificates: [] }, paper(width));
const METRICS_AWAY = {
  metrics: {
    availability: 'not_available',
    message: 'metrics.k8s.io is not served here.',
    read_at: '2024-03-15T10:34:10Z',
  },
  metrics_comparison: null,
};

describe('the whole story of a container', () => {
  test('proven: a screen at 80 columns', () => {
    const story = told(fullWhisper(proven()));
    expect(story).toMatchInlineSnapshot(`
      "Pod shop/web-1 of Deployment/web

      ● critical  cpu_throttle, container app: Open
        Pod experiencing high CPU throttling at 86%
        Kernel throttled 86 of 100 CFS periods (86%) in 10 s

                            KERNEL            METRICS
        CPU used            0.19 cores        0.18 cores
        CPU limit           0.2 cores
        periods throttled   86% (86 of 100)
        run time withheld   12.5 s
        The metrics showed 5.26% less CPU than the kernel counted.

        KERNEL: from kernel-gossip-observer on node-1, window 10 s.
        METRICS: from metrics.k8s.io, window 15.5 s that ended 58s ago. To it the
        kernel's 0.19 cores, window 10 s that ended 55s ago.
        seen 3 times, first 5m ago, last 45s ago.

        When, by each source's clock:        2024-03-15T10:29:50Z───────now
        Episode: began; still open           ██████████████████████████░░░→     5m ago
        Kernel: throttled 86%                █                                  5m ago
        Kernel: throttled 86% before         ██                              4m55s ago
        Remedy: CPU limit 200m → 400m sent     ◆                             4m48s ago
        Kernel: throttled 1% after                                 ██          70s ago
        Remedy: Proven                                              ◆          69s ago
        Metrics: used 0.18 cores                                   ███         58s ago
        Kernel: used 0.19 cores                                     ██         55s ago
        █ lasted, or a figure's window   ░ not told since   → no end known   ◆ moment

        Why: the CPU limit is below what it needs (limit_below_demand).
          - 0.19 of 0.2 cores used in 10 s
          - 86 of 100 periods throttled in 10 s
          ? To know more: how many threads were runnable: the observer could not read
            /proc
        What to do: Raise the CPU limit of app from 200m to 400m (priority high)
        What was done: CPU limit 200m → 400m. Proven: in force; what the kernel
          counted meets the proof (LessWithheld).
          1 of 100 periods throttled in 10 s under 400m; 86 of 100 before.
          Auto (RemediationPolicy shop/web); began 4m50s ago, sent 4m48s ago, decided
          69s ago.

        Did it help? Yes: 99.84% less run time withheld per second, over all CPUs.
                    CONTAINER                  POD
                    BEFORE       AFTER         BEFORE        AFTER
        CPU limit   0.2 cores    0.4 cores     0.25 cores    0.45 cores
        CPU used    0.19 cores   0.331 cores   0.194 cores   0.335 cores
        throttled   86 of 100    1 of 100      3 of 100      0 of 100
        withheld    1250 ms/s    2 ms/s        4 ms/s        0 ms/s
        window      10 s         10 s          10 s          10 s
        ended       4m55s ago    70s ago       4m55s ago     70s ago
        To make it last: Deployment web needs it too, as new pods begin with its
          limits.
          → kgossip remedy persist web-1 -n shop

      Birth: not recorded."
    `);
    expect(story.split('\n').length).toBeLessThanOrEqual(55);
  });

  test('proposed, without metrics, at 60 columns', () => {
    expect(told(fullWhisper(proposed(), { ...METRICS_AWAY, withheld: 12 }), 60)).toMatchInlineSnapshot(`
      "Pod shop/web-1 of Deployment/web

      ● critical  cpu_throttle, container app: Open
        Pod experiencing high CPU throttling at 86%
        Kernel throttled 86 of 100 CFS periods (86%) in 10 s

                            KERNEL            METRICS
        CPU used            0.19 cores        not available
        CPU limit           0.2 cores
        periods throttled   86% (86 of 100)
        run time withheld   12.5 s

        KERNEL: from kernel-gossip-observer on node-1, window 10
        s.
        METRICS: not available: metrics.k8s.io is not served here
        (asked 50s ago).
        seen 3 times, first 5m ago, last 45s ago.
        12 more of the same workload are counted here and not
        shown.

        When, by each source's clock:
        2024-03-15T10:29:50Z───────────────────────────────────now
        Episode: began; still open                          5m ago
         █████████████████████████████████████████████████░░░░░░░→
        Kernel: throttled 86%                               5m ago
        ██
        Kernel: throttled 86% before                     4m55s ago
        ███
        █ lasted, or a figure's window   ░ not told since
        → no end known

        Why: the CPU limit is below what it needs
          (limit_below_demand).
          - 0.19 of 0.2 cores used in 10 s
          - 86 of 100 periods throttled in 10 s
          ? To know more: how many threads were runnable: the
            observer could not read /proc
        What to do: Raise the CPU limit of app from 200m to 400m
          (priority high)
        What is proposed: CPU limit 200m → 400m. Proposed:
          shown, not sent (DryRun).
          The policy only allows to show it.
          DryRun (RemediationPolicy shop/web); began 4m50s ago.
          → kgossip remedy approve web-1 -n shop

        Did it help? Not tried.

      Birth: not recorded."
    `);
  });

  test('under way: what is measured now stands beside what was', () => {
    const measuring = proven({
      phase: 'Measuring',
      after: null,
      improvement_percent: null,
      decided_at: null,
    });
    const story = told(fullWhisper(measuring, { measured: proven().after }));
    expect(story).toContain('Did it help? Not known yet.');
    expect(story).toMatch(/BEFORE +NOW +BEFORE +NOW/);
    expect(told(fullWhisper(measuring))).toMatch(
      /CPU limit +0.2 cores +not measured +0.25 cores +not measured/,
    );
  });

  test('refused: by which check', () => {
    const refused = proposed({
      phase: 'Refused',
      checks: [{ name: 'node_room', passed: false, message: 'the node has 20m left' }],
    });
    expect(told(fullWhisper(refused))).toContain('node_room fails: the node has 20m left');
  });

  test('it got worse, or cannot be told', () => {
    expect(told(fullWhisper(proven({ phase: 'TakenBack', improvement_percent: -12.5 })))).toContain(
      'Did it help? Not proved: 12.5% more run time withheld per second, over all',
    );
    expect(told(fullWhisper(proven({ improvement_percent: null })))).toContain('Did it help? Yes.');
  });

  test('a later step names the limits of the first', () => {
    const second = proven({ from: { cpu_limit: '300m', cpu_request: '100m' } });
    expect(told(fullWhisper(second), 120)).toContain(
      'CPU limit 300m → 400m, at first CPU limit 200m, CPU request 100m',
    );
  });

  test('a repository keeps the owner: the command only prints', () => {
    const owner = { kind: 'Deployment', name: 'web', managed_by: 'Argo CD shop/web', patch: '{}' };
    const story = told(fullWhisper(proven({ owner })));
    expect(story).toContain('Argo CD shop/web keeps it in line with a repository');
    expect(story).toContain('→ kgossip remedy persist web-1 -n shop --print');
  });

  test('memory has its own figures', () => {
    const reading = { measured_at: '2024-03-15T10:30:05Z', window_seconds: 10, memory_usage_bytes: 1 << 28 };
    const before = { container: { ...reading, memory_limit_bytes: 1 << 29, oom_kills: 1 }, pod: reading };
    const story = told(
      fullWhisper(proven({ before, improvement_percent: null }), METRICS_AWAY, {
        kind: 'memory_pressure',
        memory: { usage_percent: 93, usage_bytes: 1 << 28 },
      }),
    );
    expect(story).toMatch(/memory limit +512 MiB +not measured +no limit/);
    expect(story).toMatch(/OOM kills +1 /);
    expect(story).toMatch(/memory used +256 MiB +not available/);
    expect(story).not.toContain('CPU limit   ');
  });

  test('nothing was done', () => {
    expect(told(fullWhisper(null))).toContain('What was done: nothing.');
  });

  test('what was taken back where the old limits were there already was not sent', () => {
    const { original } = proven();
    const parts = { phase: 'TakingBack', from: original, to: original };
    expect(told(fullWhisper(proven(parts)))).not.toMatch(/\bsent\b/);
  });

  const metrics = (parts: Parts): string => told(fullWhisper(null, { ...METRICS_AWAY, metrics: parts }), 120);
  test('metrics: a sample that is missing, and one without a kernel figure beside it', () => {
    expect(metrics({ availability: 'no_sample', read_at: '2024-03-15T10:34:10Z' })).toContain(
      'METRICS: no sample: no reason was given (asked 50s ago).',
    );
    const bare = metrics({ availability: 'available', read_at: '2024-03-15T10:34:10Z', cpu_cores: 0.18 });
    expect(bare).toContain(
      'METRICS: from metrics.k8s.io, window not stated. The kernel was not read at the same',
    );
    expect(bare).toMatch(/CPU used +0.19 cores +0.18 cores/);
  });
});

describe('whatever stands on the whisper', () => {
  const cores = fc.option(fc.double({ min: 0, max: 512, noNaN: true }), { nil: null });
  // An hour has 36,000 periods.
  const count = fc.option(fc.nat(36_000), { nil: null });
  const reading = fc.option(
    fc.record({
      measured_at: fc.constant('2024-03-15T10:30:05Z'),
      window_seconds: fc.oneof(fc.constant(0), fc.double({ min: 0.1, max: 3600, noNaN: true })),
      limit_cores: cores,
      usage_cores: cores,
      nr_periods: count,
      nr_throttled: count,
      throttled_seconds: cores,
    }),
    { nil: null },
  );
  const pair = fc.option(fc.record({ container: reading, pod: reading }), { nil: null });
  const remedy = fc
    .record({
      phase: fc.constantFrom(...REMEDY_PHASES),
      before: pair,
      after: pair,
      improvement_percent: fc.option(fc.double({ min: -1000, max: 100, noNaN: true }), { nil: null }),
      applied_at: fc.option(fc.constant('2024-03-15T10:30:12Z'), { nil: null }),
      message: fc.string({ maxLength: 300 }),
    })
    .map((parts) => proposed(parts));

  test('the story keeps within the width, but for commands, and invents no figure', () => {
    fc.assert(
      fc.property(remedy, fc.integer({ min: 40, max: 160 }), (parts, width) => {
        const one = fullWhisper(parts);
        for (const document of [told(one, width), remedySheet(remedied([one])[0]!, paper(width))]) {
          const prose = document.split('\n').filter((line) => !/kubectl|kgossip|^ +\{/.test(line));
          expect(Math.max(...prose.map(widthOf))).toBeLessThanOrEqual(width);
          expect(document).not.toMatch(/NaN|undefined|Infinity|<invalid>/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('one remedy in full', () => {
  test('at 80 columns', () => {
    const parts = proven({
      search: { original_cores: 0.2, raises: 1, trims: 0 },
      checks: [
        { name: 'policy', passed: true, message: 'RemediationPolicy shop/web covers the pod' },
        { name: 'node_room', passed: false, message: 'the node has 20m left' },
      ],
    });
    expect(remedySheet(remedied([fullWhisper(parts)])[0]!, paper(80))).toMatchInlineSnapshot(`
      "Remedy for shop/web-1, container app (cpu_throttle)

        Phase: Proven: in force; what the kernel counted meets the proof
          (LessWithheld).
          1 of 100 periods throttled in 10 s under 400m; 86 of 100 before.
        Change: CPU limit 200m → 400m.
          It began with CPU limit 200m, CPU request 100m.
        Mode: Auto (RemediationPolicy shop/web); began 4m50s ago, sent 4m48s ago,
          decided 69s ago.
          Until now raised once, lowered 0 times.
          Proposal p-1.

        Checks: 1 of 2 passed.
          yes policy: RemediationPolicy shop/web covers the pod
          no  node_room: the node has 20m left

        What was sent last: PATCH of pods/web-1/resize, by the operator.
          {"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"400m"}}}]}}
        The same by hand:
          kubectl patch pod web-1 -n shop --subresource resize --type strategic -p '{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"400m"}}}]}}'

        Did it help? Yes: 99.84% less run time withheld per second, over all CPUs.
                    CONTAINER                  POD
                    BEFORE       AFTER         BEFORE        AFTER
        CPU limit   0.2 cores    0.4 cores     0.25 cores    0.45 cores
        CPU used    0.19 cores   0.331 cores   0.194 cores   0.335 cores
        throttled   86 of 100    1 of 100      3 of 100      0 of 100
        withheld    1250 ms/s    2 ms/s        4 ms/s        0 ms/s
        window      10 s         10 s          10 s          10 s
        ended       4m55s ago    70s ago       4m55s ago     70s ago

        To make it last: Deployment web needs it too, as new pods begin with its
          limits.
          kubectl patch deployment web -n shop --type strategic -p '{"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"400m"}}}]}}}}'
          (or kgossip remedy persist web-1 -n shop; --print for YAML)"
    `);
  });
});

describe('lists', () => {
  const one = (name: string, spec: Parts, status: Parts = {}) => whisper({ name, spec, status });
  const WEB = { workload: { kind: 'Deployment', name: 'web' }, provenance: 'measured' };

  test('whispers of one workload stand together, and say how many more there are', () => {
    const rows = byWorkload([
      one('mild', { ...WEB, pod_name: 'web-2', severity: 'info' }),
      one('alone', { pod_name: 'solo', provenance: 'measured', severity: 'warning' }),
      one('worst', { ...WEB, pod_name: 'web-1' }, { withheld: 12 }),
      one('other', {
        ...WEB,
        pod_name: 'web-1',
        kind: 'network_issue',
        severity: 'warning',
        network: { symptom: 'retransmits', failure_percent: 3 },
      }),
    ]);
    expect(rows.map(({ metadata }) => metadata.name)).toEqual(['worst', 'mild', 'alone', 'other']);
    const columns = whisperColumns({ chalk, now: NOW, wide: false, grouped: true });
    expect(table(columns, rows, 120)).toMatchInlineSnapshot(`
      "NAMESPACE   WORKLOAD                    POD     KIND            SEVERITY   PHASE   EVIDENCE                    LAST SEEN
      shop        Deployment/web (+12 more)   web-1   cpu_throttle    critical   Open    Kernel shows 85.5% throt…   45s
      shop        Deployment/web              web-2   cpu_throttle    info       Open    Kernel shows 85.5% throt…   45s
      shop        <none>                      solo    cpu_throttle    warning    Open    Kernel shows 85.5% throt…   45s
      shop        Deployment/web              web-1   network_issue   warning    Open    Kernel shows 85.5% throt…   45s"
    `);
    expect(table(columns, rows, 80)).not.toContain('WORKLOAD');
  });

  test('remedies: what waits for a person first', () => {
    const rows = remedied([
      fullWhisper(proven()),
      { ...fullWhisper(proposed()), metadata: { ...fullWhisper(null).metadata, name: 'waits' } },
      fullWhisper(null),
    ]).toSorted(byNeed);
    expect(table(remedyColumns({ chalk, now: NOW, wide: false }), rows, 120)).toMatchInlineSnapshot(`
      "NAMESPACE   POD     CONTAINER   PHASE      MODE     CHANGE                  WITHHELD         AGE
      shop        web-1   app         Proposed   DryRun   CPU limit 200m → 400m   cannot be told   4m50s
      shop        web-1   app         Proven     Auto     CPU limit 200m → 400m   99.84% less      69s"
    `);
    for (const width of [60, 80, 100]) {
      const lines = table(remedyColumns({ chalk, now: NOW, wide: false }), rows, width).split('\n');
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    }
  });
});
