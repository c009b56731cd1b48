import { stripVTControlCharacters } from 'node:util';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tracedCertificate } from '../testing/births.ts';
import { certificate, NOW, whisper } from '../testing/whispers.ts';
import { table } from '../terminal/table.ts';
import { inAscii } from '../terminal/signs.ts';
import { widthOf } from '../terminal/width.ts';
import { drawCertificate } from './birth-certificate.ts';
import { bar, drawTimeline, timelineEnd } from './birth-timeline.ts';
import { explainPod } from './explain.ts';
import { byUrgency } from './order.ts';
import { whisperColumns } from './whisper-columns.ts';

const chalk = new Chalk({ level: 0 });
const paper = (width: number) => ({ chalk, width, now: NOW });

/** The rest of a timeline's entry. */
const OF_NOBODY = { clock: null, source: null, container_id: null, container_name: null, details: null };

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
        kernel  ██████████████████████████████████████████████████████████ 0.98 cores
        metrics █████████████████████ 0.35 cores

        KERNEL: from kgossip on node-1, window 60 s.
        METRICS: from kgossip, at the same moment.
        seen 3 times, first 5m ago, last 45s ago.

        When, by each source's clock:        2024-03-15T10:29:00Z───────now
        Episode: began; still open                ██████████████████████░░→     5m ago
        Kernel: throttled 85.5%              ██████                             5m ago
        Metrics: used 0.35 cores             ██████                             5m ago
        █ lasted, or a figure's window   ░ not told since   → no end known

        What to do: Consider increase CPU limits by 50% (priority high)
        What was done: nothing.

      ● warning  memory_pressure, container app: Resolved
        Pod experiencing high CPU throttling at 85.5%
        Kernel counts 72% of the limit

                             KERNEL         METRICS
        memory used          368.6 MiB      not measured
        memory limit         not measured
        share of the limit   72%
        time stalled (PSI)   not measured
        OOM kills            0
        OOM kills in all     not measured

        KERNEL: from kgossip on node-1, window not stated.
        seen 3 times, first 5m ago, last 150m ago.

        What to do: Consider increase CPU limits by 50% (priority high)
        What was done: nothing.

      Birth (2024-03-15T10:31:00Z): took 2.5 s; system calls: 847; slowest: runtime
      make the sandbox, 900 ms."
    `);
  });
  test('without anything', () => {
    const story = { namespace: 'shop', pod: 'web-1', whispers: [], certificates: [] };
    expect(explainPod(story, paper(60))).toMatchInlineSnapshot(`
      "Pod shop/web-1

      No whisper about this pod: nobody told of trouble in the
      kernel, or it is withheld where there are many.

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
      ║           0────────────────────────────────────────2.9 s ║
      ║            BEGAN    TOOK                                 ║
      ║ scheduler ░░░░░░░░░░░░░░░░                               ║
      ║   500 ms ±500 ms          assign                         ║
      ║ kubelet                  ░░░░░░░░████████████████░░░░░░░ ║
      ║   1.25 s ±250 ms   1.4 s  start                          ║
      ║ runtime       ████████████████                           ║
      ║           300 ms  900 ms  make the sandbox ◀             ║
      ║ kernel                                          ◆        ║
      ║            2.4 s          execute                        ║
      ║                                                          ║
      ║ █ going on   ░ within the clock's ±                      ║
      ║ ◆ begin; length not measured   ◀ slowest                 ║
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
      ║                                                       0───────────────────────────────2.9 s            BEGAN    TOOK ║
      ║ scheduler assign                                      ░░░░░░░░░░░░░                           500 ms ±500 ms         ║
      ║ kubelet   start                                                   ░░░░░░░████████████░░░░░░   1.25 s ±250 ms   1.4 s ║
      ║ runtime   make the sandbox ◀                             █████████████                                300 ms  900 ms ║
      ║ kernel    execute                                                                   ◆                  2.4 s         ║
      ║                                                                                                                      ║
      ║ █ going on   ░ within the clock's ±   ◆ begin; length not measured   ◀ slowest                                       ║
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

  test('traced in the kernel, at 80 columns', () => {
    expect(drawCertificate(tracedCertificate(), paper(80))).toMatchInlineSnapshot(`
      "╔══════════════════════════════════════════════════════════════════════════════╗
      ║                            POD BIRTH CERTIFICATE                             ║
      ║                                    web-1                                     ║
      ╟──────────────────────────────────────────────────────────────────────────────╢
      ║ Namespace           shop                                                     ║
      ║ Pod UID             not stated                                               ║
      ║ Recorded at         2026-01-01T12:00:02.400Z                                 ║
      ║ Recorded by         kernel-gossip-observer                                   ║
      ║ Node                node-1                                                   ║
      ║ Certificate         web-1-0000000000                                         ║
      ╟─ What happened ──────────────────────────────────────────────────────────────╢
      ║           0──────────────────────────────────────────────────────────────3 s ║
      ║            BEGAN    TOOK                                                     ║
      ║ apiserver ░░░░░░░░░░░░░░░░░░░░░░                                             ║
      ║   500 ms ±500 ms          accept the pod                                     ║
      ║ scheduler ◆                                                                  ║
      ║            31 ms          assign the pod to a node                           ║
      ║ kubelet   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ ║
      ║   500 ms ±500 ms          report the container started (setup)               ║
      ║    1.5 s ±500 ms  811 ms  pull the image (app) ◀                             ║
      ║    2.5 s ±500 ms          report the pod ready                               ║
      ║ runtime             █████                             ██                     ║
      ║           471 ms   15 ms  start the shim (sandbox)                           ║
      ║           492 ms   61 ms  create the container (sandbox)                     ║
      ║           601 ms   59 ms  create the container (setup)                       ║
      ║           2.01 s   60 ms  create the container (app)                         ║
      ║ cni                ██                                                        ║
      ║           412 ms   40 ms  run the network plugin bridge (sandbox)            ║
      ║           455 ms 8.25 ms  run the network plugin portmap (sandbox)           ║
      ║ kernel            ◆   ◆ ◆                              ◆                     ║
      ║           398 ms          make the pod's cgroup                              ║
      ║           560 ms          execute its first program (sandbox)                ║
      ║           672 ms          execute its first program (setup)                  ║
      ║           2.08 s          execute its first program (app)                    ║
      ║                                                                              ║
      ║ █ going on   ░ within the clock's ±   ◆ begin; length not measured           ║
      ║ ◀ slowest                                                                    ║
      ║ Times from: pod metadata, event, kgtrace, pod status.                        ║
      ║ apiserver and scheduler go by the control plane's clock, the others by the   ║
      ║ node's; the two may differ.                                                  ║
      ╟─ What the kernel counted ────────────────────────────────────────────────────╢
      ║ Total duration      1.67 s, from the runtime's first process to the last     ║
      ║                     container's own program                                  ║
      ║ System calls        23,871                                                   ║
      ║ Namespaces made     9: 3 mnt, 3 pid, net, ipc, uts                           ║
      ║ Cgroup writes       84                                                       ║
      ║ Filter rules        3                                                        ║
      ║ Cgroups made        30                                                       ║
      ║ Mounts              93                                                       ║
      ║ Network links       4                                                        ║
      ║ Routes              2                                                        ║
      ║ Events lost         0                                                        ║
      ║ Most often          futex 4,120, read 2,977, mmap 2,204, openat 1,961        ║
      ╟─ Container by container ─────────────────────────────────────────────────────╢
      ║ sandbox                                               ready to run in 148 ms ║
      ║   system calls  14,561 (shim 3,120, create 5,131, init 1,400, start 160,     ║
      ║                 network 4,750)                                               ║
      ║   most often    futex 2,500, read 1,800                                      ║
      ║   namespaces    mnt, pid, net, ipc, uts                                      ║
      ║   cgroups       10 made, 28 writes                                           ║
      ║   mounts        31                                                           ║
      ║   network       4 links, 2 routes, 3 filter rules                            ║
      ║   program       /pause                                                       ║
      ║                                                                              ║
      ║ setup, init container                                  ready to run in 71 ms ║
      ║   system calls  4,655 (create 3,200, init 1,455)                             ║
      ║   namespaces    mnt, pid                                                     ║
      ║   cgroups       10 made, 28 writes                                           ║
      ║   mounts        31                                                           ║
      ║   network       0 links, 0 routes, 0 filter rules                            ║
      ║   program       sh -c ./migrate                                              ║
      ║                                                                              ║
      ║ app                                                    ready to run in 69 ms ║
      ║   system calls  4,655 (create 3,200, init 1,455)                             ║
      ║   namespaces    mnt, pid                                                     ║
      ║   cgroups       10 made, 28 writes                                           ║
      ║   mounts        31                                                           ║
      ║   network       0 links, 0 routes, 0 filter rules                            ║
      ║   program       nginx -g daemon off;                                         ║
      ║                                                                              ║
      ║ restart of app                                         ready to run in 70 ms ║
      ╟─ Verdict ────────────────────────────────────────────────────────────────────╢
      ║ Slowest: kubelet pull the image (app), 811 ms, 49% of the whole.             ║
      ║ Born in 1.67 s with 23871 system calls; slowest: pull the image (app) by     ║
      ║ kubelet, 811 ms (49%); network plugins took 47.8 ms                          ║
      ╚══════════════════════════════════════════════════════════════════════════════╝"
    `);
  });
  test('traced in the kernel, at 120 columns', () => {
    expect(drawCertificate(tracedCertificate(), paper(120))).toMatchInlineSnapshot(`
      "╔══════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╗
      ║                                                POD BIRTH CERTIFICATE                                                 ║
      ║                                                        web-1                                                         ║
      ╟──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Namespace           shop                                                                                             ║
      ║ Pod UID             not stated                                                                                       ║
      ║ Recorded at         2026-01-01T12:00:02.400Z                                                                         ║
      ║ Recorded by         kernel-gossip-observer                                                                           ║
      ║ Node                node-1                                                                                           ║
      ║ Certificate         web-1-0000000000                                                                                 ║
      ╟─ What happened ──────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║                                                       0─────────────────────────────────3 s            BEGAN    TOOK ║
      ║ apiserver accept the pod                              ░░░░░░░░░░░░░                           500 ms ±500 ms         ║
      ║ scheduler assign the pod to a node                    ◆                                                31 ms         ║
      ║ kubelet   report the container started (setup)        ░░░░░░░░░░░░░                           500 ms ±500 ms         ║
      ║           pull the image (app) ◀                                  ░░░░░░░░░░░░░░░░░░░░░░░      1.5 s ±500 ms  811 ms ║
      ║           report the pod ready                                                ░░░░░░░░░░░░░    2.5 s ±500 ms         ║
      ║ runtime   start the shim (sandbox)                         █                                          471 ms   15 ms ║
      ║           create the container (sandbox)                    █                                         492 ms   61 ms ║
      ║           create the container (setup)                       ██                                       601 ms   59 ms ║
      ║           create the container (app)                                          ██                      2.01 s   60 ms ║
      ║ cni       run the network plugin bridge (sandbox)          █                                          412 ms   40 ms ║
      ║           run the network plugin portmap (sandbox)         █                                          455 ms 8.25 ms ║
      ║ kernel    make the pod's cgroup                           ◆                                           398 ms         ║
      ║           execute its first program (sandbox)               ◆                                         560 ms         ║
      ║           execute its first program (setup)                   ◆                                       672 ms         ║
      ║           execute its first program (app)                                      ◆                      2.08 s         ║
      ║                                                                                                                      ║
      ║ █ going on   ░ within the clock's ±   ◆ begin; length not measured   ◀ slowest                                       ║
      ║ Times from: pod metadata, event, kgtrace, pod status.                                                                ║
      ║ apiserver and scheduler go by the control plane's clock, the others by the node's; the two may differ.               ║
      ╟─ What the kernel counted ────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Total duration      1.67 s, from the runtime's first process to the last container's own program                     ║
      ║ System calls        23,871                                                                                           ║
      ║ Namespaces made     9: 3 mnt, 3 pid, net, ipc, uts                                                                   ║
      ║ Cgroup writes       84                                                                                               ║
      ║ Filter rules        3                                                                                                ║
      ║ Cgroups made        30                                                                                               ║
      ║ Mounts              93                                                                                               ║
      ║ Network links       4                                                                                                ║
      ║ Routes              2                                                                                                ║
      ║ Events lost         0                                                                                                ║
      ║ Most often          futex 4,120, read 2,977, mmap 2,204, openat 1,961                                                ║
      ╟─ Container by container ─────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ sandbox                                                                                       ready to run in 148 ms ║
      ║   system calls  14,561 (shim 3,120, create 5,131, init 1,400, start 160, network 4,750)                              ║
      ║   most often    futex 2,500, read 1,800                                                                              ║
      ║   namespaces    mnt, pid, net, ipc, uts                                                                              ║
      ║   cgroups       10 made, 28 writes                                                                                   ║
      ║   mounts        31                                                                                                   ║
      ║   network       4 links, 2 routes, 3 filter rules                                                                    ║
      ║   program       /pause                                                                                               ║
      ║                                                                                                                      ║
      ║ setup, init container                                                                          ready to run in 71 ms ║
      ║   system calls  4,655 (create 3,200, init 1,455)                                                                     ║
      ║   namespaces    mnt, pid                                                                                             ║
      ║   cgroups       10 made, 28 writes                                                                                   ║
      ║   mounts        31                                                                                                   ║
      ║   network       0 links, 0 routes, 0 filter rules                                                                    ║
      ║   program       sh -c ./migrate                                                                                      ║
      ║                                                                                                                      ║
      ║ app                                                                                            ready to run in 69 ms ║
      ║   system calls  4,655 (create 3,200, init 1,455)                                                                     ║
      ║   namespaces    mnt, pid                                                                                             ║
      ║   cgroups       10 made, 28 writes                                                                                   ║
      ║   mounts        31                                                                                                   ║
      ║   network       0 links, 0 routes, 0 filter rules                                                                    ║
      ║   program       nginx -g daemon off;                                                                                 ║
      ║                                                                                                                      ║
      ║ restart of app                                                                                 ready to run in 70 ms ║
      ╟─ Verdict ────────────────────────────────────────────────────────────────────────────────────────────────────────────╢
      ║ Slowest: kubelet pull the image (app), 811 ms, 49% of the whole.                                                     ║
      ║ Born in 1.67 s with 23871 system calls; slowest: pull the image (app) by kubelet, 811 ms (49%); network plugins took ║
      ║ 47.8 ms                                                                                                              ║
      ╚══════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╝"
    `);
  });
  test('says why figures are missing', () => {
    const drawn = (spec: Readonly<Record<string, unknown>>) =>
      drawCertificate(tracedCertificate(spec), paper(120));
    const kernel_stats = {};
    expect(drawn({ kernel_stats, containers: null, source: { name: 'kubernetes-api' } })).toContain(
      "No kernel evidence came for this birth: all of its times are Kubernetes' own.",
    );
    expect(drawn({ kernel_stats })).toContain(
      'Not every container of the pod was seen to begin its own program.',
    );
    expect(drawn({ incomplete: '3 programs found no room' })).toMatch(/Why +3 programs found no room/);
    const began = { began_at: '2026-01-01T12:00:00Z' };
    const containers = [
      began,
      { ...began, container_id: '1'.repeat(64), role: 'sidecar', container_name: 'proxy' },
      { ...began, role: 'ephemeral' },
      { ...began, role: 'restart', incomplete: 'lost' },
      { ...began, incomplete: 'its counts were lost' },
    ];
    const all = drawn({ containers });
    expect(all).toContain('made not measured, writes not measured');
    expect(all).toContain('proxy, sidecar');
    expect(all).toContain('its own program was not seen');
    expect(all).toMatch(/incomplete +its counts were lost/);
  });

  const milliseconds = fc.double({ min: 0, max: 1e6, noNaN: true });
  const entry = fc.record({
    timestamp_ms: milliseconds,
    actor: fc.constantFrom('apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'),
    action: fc.string({ unit: 'binary', maxLength: 256 }),
    duration_ms: fc.option(milliseconds),
    resolution_ms: fc.option(milliseconds),
    clock: fc.constantFrom(null, 'node', 'control-plane'),
    source: fc.option(fc.string({ unit: 'binary', maxLength: 63 })),
    container_id: fc.constantFrom(null, '1'.repeat(64), '2'.repeat(64)),
    container_name: fc.constantFrom(null, 'app'),
    details: fc.constant(null),
  });

  test('every line is exactly as wide as the paper, whatever is on it', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 40, max: 160 }), (timeline, width) => {
        const lines = drawCertificate(
          { ...tracedCertificate(), spec: { ...tracedCertificate().spec, timeline } },
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

  test('what began is named in its lane, whatever the width', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 36, max: 396 }),
        (entries, width) => {
          const drawing = { totalMs: null, slowest: null, describe: () => 'done', chalk, width };
          const lines = drawTimeline(entries, drawing);
          expect(lines.filter((line) => line.includes('done'))).toHaveLength(entries.length);
          for (const { actor } of entries) {
            expect(lines.filter((line) => line.startsWith(actor))).toHaveLength(1);
          }
        },
      ),
    );
  });

  const slowest = (phase: Readonly<Record<string, unknown>>) => {
    const one = tracedCertificate();
    const { status } = one;
    if (status?.slowest_phase == null) throw new Error('the example has a slowest phase');
    return { ...one, status: { ...status, slowest_phase: { ...status.slowest_phase, ...phase } } };
  };
  const markedIn = (drawn: string): readonly string[] =>
    drawn.split('\n').filter((line) => line.includes('◀') && !line.includes('◀ slowest'));

  test.each([40, 80, 120])('the slowest phase is marked, in ASCII too, at %i columns', (width) => {
    const drawn = drawCertificate(tracedCertificate(), paper(width));
    expect(markedIn(drawn).join('')).toMatch(/app\) ◀/);
    expect(markedIn(drawn)).toHaveLength(1);
    expect(drawn).toContain('◀ slowest');
    expect(inAscii(drawn)).toContain('< slowest');
    expect(inAscii(markedIn(drawn).join(''))).toMatch(/\) < /);
  });

  test('of phases with the same words, that of the container is marked', () => {
    const drawn = drawCertificate(
      slowest({ actor: 'runtime', action: 'create the container (setup)', duration_ms: 59 }),
      paper(120),
    );
    expect(markedIn(drawn)).toEqual([expect.stringContaining('create the container (setup) ◀')]);
    const sandbox = slowest({ actor: 'runtime', action: 'create the container (sandbox)', duration_ms: 61 });
    expect(markedIn(drawCertificate(sandbox, paper(120)))).toHaveLength(1);
  });

  test.each([80, 120])(
    'a slowest phase that is no single entry has a line without a bar, at %i columns',
    (width) => {
      const drawn = drawCertificate(
        slowest({ actor: 'cni', action: 'all network plugins', duration_ms: 47.75, resolution_ms: 1000 }),
        paper(width),
      );
      const [line = '', ...others] = markedIn(drawn);
      expect(others).toEqual([]);
      expect(line).toMatch(/all network plugins ◀/);
      expect(line).toMatch(/ 48 ms ±1 s /);
      expect(line).not.toMatch(/[█░◆]/);
    },
  );

  test.each([40, 80, 120])('a colour for each actor changes nothing but colours, at %i columns', (width) => {
    const painted = drawCertificate(tracedCertificate(), { ...paper(width), chalk: new Chalk({ level: 1 }) });
    expect(stripVTControlCharacters(painted)).toBe(drawCertificate(tracedCertificate(), paper(width)));
    const colours = ['apiserver', 'scheduler', 'kubelet', 'runtime', 'cni', 'kernel'].map(
      (actor) => new RegExp(`\u001b\\[(\\d+)m${actor}\\b`).exec(painted)?.[1],
    );
    expect(new Set(colours).size).toBe(6);
    expect(colours).not.toContain(undefined);
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
          ...OF_NOBODY,
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
          ...OF_NOBODY,
        },
        2000,
        20,
      ),
    ).toBe('░░░░░██████████░░░░░');
  });
});
