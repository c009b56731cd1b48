import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certificate, NOW, whisper } from '../testing/whispers.ts';
import { table } from '../terminal/table.ts';
import { widthOf } from '../terminal/width.ts';
import { drawCertificate } from './birth-certificate.ts';
import { bar, timelineEnd } from './birth-timeline.ts';
import { explainPod } from './explain.ts';
import { byUrgency } from './order.ts';
import { whisperColumns } from './whisper-columns.ts';

const chalk = new Chalk({ level: 0 });
const paper = (width: number) => ({ chalk, width, now: NOW });

const memory = whisper({
  name: 'api-memory',
  spec: {
    pod_name: 'api-7d9f',
    kind: 'memory_pressure',
    severity: 'warning',
    provenance: 'measured',
    throttled_percent: null,
    kernel_truth: null,
    metrics_lie: null,
    memory: { usage_percent: 72, usage_bytes: 386_547_056, oom_kills: 0 },
  },
  status: {
    phase: 'Resolved',
    kernel_evidence: 'Kernel counts 72% of the limit',
    last_seen: '2024-03-15T08:05:00Z',
  },
});

describe('the table of whispers', () => {
  const rows = [memory, whisper()].sort(byUrgency);
  test('at full width', () => {
    expect(table(whisperColumns({ chalk, now: NOW, wide: false }), rows, null)).toMatchInlineSnapshot(`
      "NAMESPACE   POD        CONTAINER   KIND              SEVERITY   PHASE      EVIDENCE                                        LAST SEEN
      shop        web-1      app         cpu_throttle      critical   Open       Kernel shows 85.5% throttled time (synthetic)   45s
      shop        api-7d9f   app         memory_pressure   warning    Resolved   Kernel counts 72% of the limit                  150m"
    `);
  });
  test.each([40, 60, 80, 100])('fits into %i columns', (width) => {
    const lines = table(whisperColumns({ chalk, now: NOW, wide: false }), rows, width).split('\n');
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(Math.max(width, 48));
    expect(lines.join('\n')).toContain('SEVERITY');
  });
  test('with colours, is as wide as without', () => {
    const painted = table(
      whisperColumns({ chalk: new Chalk({ level: 1 }), now: NOW, wide: false }),
      rows,
      100,
    );
    const plain = table(whisperColumns({ chalk, now: NOW, wide: false }), rows, 100);
    // eslint-disable-next-line no-control-regex -- what chalk adds, and only that
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
  });
  test('worst first, then open, then newest', () => {
    const older = whisper({ name: 'older', status: { last_seen: '2024-03-15T10:00:00Z' } });
    const resolved = whisper({ name: 'resolved', status: { phase: 'Resolved' } });
    expect([memory, resolved, older, whisper()].sort(byUrgency).map(({ metadata }) => metadata.name)).toEqual(
      ['web-1-cpu-throttle-0000000000', 'older', 'resolved', 'api-memory'],
    );
  });
});

describe('the story of a pod', () => {
  test('kernel and metrics side by side, with what was not measured', () => {
    const story = {
      namespace: 'shop',
      pod: 'web-1',
      whispers: [whisper(), memory],
      certificates: [certificate()],
    };
    expect(explainPod(story, paper(80))).toMatchInlineSnapshot(`
      "Pod shop/web-1

      ● critical  cpu_throttle, container app: Open
        SYNTHETIC: made up to try things out, not measured
        Pod experiencing high CPU throttling at 85.5%
        Kernel shows 85.5% throttled time

                            KERNEL         METRICS
        CPU used            0.98 cores     0.35 cores
        CPU limit           not measured
        periods throttled   85.5%
        run time withheld   not measured

        KERNEL: from kgossip on node-1, window 60 s.
        METRICS: from kgossip, at the same moment.
        seen 3 times, first 5m ago, last 45s ago.

        → Consider increase CPU limits by 50% (priority high)

      ● warning  memory_pressure, container app: Resolved
        Pod experiencing high CPU throttling at 85.5%
        Kernel counts 72% of the limit

                             KERNEL         METRICS
        memory used          368.6 MiB      not measured
        memory limit         not measured
        share of the limit   72%
        time stalled (PSI)   not measured
        OOM kills            0

        KERNEL: from kgossip on node-1, window not stated.
        seen 3 times, first 5m ago, last 150m ago.

        → Consider increase CPU limits by 50% (priority high)

      Birth (2024-03-15T10:31:00Z): took 2.5 s; system calls: 847; slowest: runtime
      make the sandbox, 900 ms."
    `);
  });
  test('without anything', () => {
    const story = { namespace: 'shop', pod: 'web-1', whispers: [], certificates: [] };
    expect(explainPod(story, paper(60))).toMatchInlineSnapshot(`
      "Pod shop/web-1

      No whisper: neither an observer nor Pixie reported trouble
      in the kernel for this pod.

      Birth: not recorded."
    `);
  });
});

describe('the birth certificate', () => {
  test('at 60 columns', () => {
    expect(drawCertificate(certificate(), paper(60))).toMatchInlineSnapshot(`
      "╔══════════════════════════════════════════════════════════╗
      ║                  POD BIRTH CERTIFICATE                   ║
      ║                          web-1                           ║
      ╟──────────────────────────────────────────────────────────╢
      ║ Namespace           shop                                 ║
      ║ Pod UID             not stated                           ║
      ║ Recorded at         2024-03-15T10:31:00Z                 ║
      ║ Recorded by         kgtrace                              ║
      ║ Node                node-1                               ║
      ║ Certificate         web-1-0000000000                     ║
      ╟─ What happened ──────────────────────────────────────────╢
      ║ scheduler assign                       at 500 ms ±500 ms ║
      ║ ░░░░░░░░░░░░░░░░░░░░                                     ║
      ║ runtime   make the sandbox        at 300 ms, took 900 ms ║
      ║      ███████████████████                                 ║
      ║ kubelet   start            at 1.25 s ±250 ms, took 1.4 s ║
      ║                    ░░░░░░░░░███████████████████░░░░░░░░░ ║
      ║ kernel    execute                               at 2.4 s ║
      ║                                               ◆          ║
      ║ 0──────────────────────────────────────────────────2.9 s ║
      ║                                                          ║
      ║ █ going on   ░ within the clock's ±   ◆ begin; length    ║
      ║ not measured                                             ║
      ║ Times from: api, kgtrace, kubelet.                       ║
      ╟─ What the kernel counted ────────────────────────────────╢
      ║ Total duration      2.5 s                                ║
      ║ System calls        847                                  ║
      ║ Namespaces made     not measured                         ║
      ║ Cgroup writes       not measured                         ║
      ║ Filter rules        not measured                         ║
      ╟─ Verdict ────────────────────────────────────────────────╢
      ║ Slowest: runtime make the sandbox, 900 ms, 36% of the    ║
      ║ whole.                                                   ║
      ║ Most of the time went into the sandbox.                  ║
      ╚══════════════════════════════════════════════════════════╝"
    `);
  });
  test('at 120 columns, synthetic', () => {
    expect(drawCertificate(certificate({ provenance: 'synthetic' }), paper(120))).toMatchInlineSnapshot(`
      "╔══════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╗
      ║                                                POD BIRTH CERTIFICATE                                                 ║
      ║                                                        web-1                                                         ║
      ╟──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Namespace           shop                                                                                             ║
      ║ Pod UID             not stated                                                                                       ║
      ║ Recorded at         2024-03-15T10:31:00Z                                                                             ║
      ║ Recorded by         kgtrace                                                                                          ║
      ║ Node                node-1                                                                                           ║
      ║ Certificate         web-1-0000000000                                                                                 ║
      ║ Provenance          SYNTHETIC: made up to try things out, not measured                                               ║
      ╟─ What happened ──────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ scheduler assign                   ░░░░░░░░░░░░░░░░░░                                 at 500 ms ±500 ms              ║
      ║ runtime   make the sandbox              ████████████████                              at 300 ms, took 900 ms         ║
      ║ kubelet   start                                     ░░░░░░░░█████████████████░░░░░░░░ at 1.25 s ±250 ms, took 1.4 s  ║
      ║ kernel    execute                                                           ◆         at 2.4 s                       ║
      ║                                    0────────────────────────────────────────────2.9 s                                ║
      ║                                                                                                                      ║
      ║ █ going on   ░ within the clock's ±   ◆ begin; length not measured                                                   ║
      ║ Times from: api, kgtrace, kubelet.                                                                                   ║
      ╟─ What the kernel counted ────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Total duration      2.5 s                                                                                            ║
      ║ System calls        847                                                                                              ║
      ║ Namespaces made     not measured                                                                                     ║
      ║ Cgroup writes       not measured                                                                                     ║
      ║ Filter rules        not measured                                                                                     ║
      ╟─ Verdict ────────────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Slowest: runtime make the sandbox, 900 ms, 36% of the whole.                                                         ║
      ║ Most of the time went into the sandbox.                                                                              ║
      ╚══════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╝"
    `);
  });
  test('without a timeline', () => {
    expect(drawCertificate(certificate({ timeline: null, kernel_stats: {} }), paper(60))).toContain(
      'not measured',
    );
  });

  const milliseconds = fc.double({ min: 0, max: 1e6, noNaN: true });
  const entry = fc.record({
    timestamp_ms: milliseconds,
    actor: fc.constantFrom('scheduler', 'kubelet', 'runtime', 'kernel'),
    action: fc.string({ unit: 'binary', maxLength: 256 }),
    duration_ms: fc.option(milliseconds),
    resolution_ms: fc.option(milliseconds),
    source: fc.option(fc.string({ unit: 'binary', maxLength: 63 })),
    details: fc.constant(null),
  });

  test('every line is exactly as wide as the paper, whatever is on it', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 60, max: 160 }), (timeline, width) => {
        const lines = drawCertificate(
          { ...certificate(), spec: { ...certificate().spec, timeline } },
          paper(width),
        ).split('\n');
        expect(lines.filter((line) => widthOf(line) !== width)).toEqual([]);
        expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  test('every entry leaves a mark, in scale and within the columns', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 20, max: 120 }),
        (entries, columns) => {
          const end = timelineEnd(entries, null);
          for (const one of entries) {
            const drawn = bar(one, end, columns);
            expect(widthOf(drawn)).toBe(columns);
            expect(drawn.trim()).not.toBe('');
            const first = drawn.length - drawn.trimStart().length;
            expect(first).toBeLessThanOrEqual(
              Math.floor(((one.timestamp_ms + (one.resolution_ms ?? 0)) / (end || 1)) * columns),
            );
          }
        },
      ),
    );
  });

  test('a coarse clock is never drawn as certain', () => {
    expect(
      bar(
        {
          timestamp_ms: 0,
          actor: 'kubelet',
          action: 'x',
          duration_ms: 500,
          resolution_ms: 1000,
          source: null,
          details: null,
        },
        2000,
        20,
      ),
    ).toBe('░░░░░░░░░░░░░░░     ');
    expect(
      bar(
        {
          timestamp_ms: 0,
          actor: 'kubelet',
          action: 'x',
          duration_ms: 1500,
          resolution_ms: 500,
          source: null,
          details: null,
        },
        2000,
        20,
      ),
    ).toBe('░░░░░██████████░░░░░');
  });
});
