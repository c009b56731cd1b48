import { runOrThrow } from '../../e2e/src/command.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { right } from 'fp-ts/lib/Either.js';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ensurePackages, findProgram } from '../../e2e/src/cluster/built/programs.ts';
import { type KgtraceLine, kgtraceBinary, startKgtrace } from '../../e2e/src/kgtrace.ts';
import { makePodGroup } from '../../e2e/src/kgtrace-container.ts';
import { loseTcpPackets, whyNoLoss } from '../../e2e/src/packet-loss.ts';
import { until } from '../../e2e/src/poll.ts';
import { tcpCountersOf } from '../../e2e/src/tcp-counters.ts';
import { makeGroup, whyNoGroups } from '../../packages/observer/test/cgroup.ts';
import { makeMemoryGroup, whyNoMemoryGroups } from '../../packages/observer/test/memory-group.ts';
import { observationOf, SCRIPTS, type ScriptName } from '../src/index.ts';
import { makeContainer } from './container.ts';
import { compile, type Probe, type ProbeRow, programsOf, startProbe, whyNoProbes } from './probe.ts';
import { connect, startPeers } from './tcp.ts';

const skip = (why: string | null, what: string): boolean => {
  if (why !== null) process.stderr.write(`SKIPPED: ${what}: ${why}\n`);
  return why !== null;
};

const noProbes = skip(await whyNoProbes(), 'no probe of a PxL script can run here');
const noLoss = skip(await whyNoLoss(), 'no packet can be lost on purpose');
const PROBING: readonly ScriptName[] = SCRIPTS.filter(({ mutation }) => mutation).map(({ name }) => name);
const ROOT = `/kernel-gossip-test-${process.pid}-pxl`;
const MIB = 1024 * 1024;

/** A probe that ends with the test. */
async function probe(name: ScriptName): Promise<Probe> {
  const started = await startProbe(name);
  onTestFinished(async () => {
    await started.stop();
  });
  return started;
}

describe.skipIf(noProbes)('the probes of the scripts, in the real kernel', { timeout: 120_000 }, () => {
  it.each(PROBING)('%s: its programs compile without a complaint', async (name) => {
    for (const program of await programsOf(name)) {
      const { code, stderr } = await compile(program);
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/^\S*ERROR: (?!Unknown error -1: couldn't set RLIMIT_MEMLOCK)/m);
    }
  });

  it.each(PROBING)('%s: its programs attach', async (name) => {
    // startProbe waits until bpftrace says that all are in their places.
    expect((await probe(name)).rows).toBeDefined();
  });

  describe.skipIf(skip(whyNoGroups(), 'no real cgroup'))('cpu_throttle_detector', () => {
    const limited = () => {
      const group = makeGroup(ROOT, 'limited');
      onTestFinished(() => group.remove());
      group.setQuota(0.2);
      return { group, id: BigInt(statSync(`/sys/fs/cgroup/cpu${group.path}`).ino) };
    };

    it('tells the first and the last counters of a throttled group, which are those of cpu.stat', async () => {
      const probing = await probe('cpu_throttle_detector');
      const { group, id } = limited();
      const spinning = [group.spin(), group.spin()];
      const isOwn = (row: ProbeRow): boolean => row.cgroup_id === id;
      await probing.row('20 throttled periods', (row) => isOwn(row) && Number(row.nr_throttled) >= 20);
      for (const process of spinning) process.kill('SIGKILL');
      await until('that nobody is left', { timeoutMs: 10_000 }, () =>
        group.read('cgroup.procs') === '' ? true : undefined,
      );

      // What was counted after the last switch out of the group is told with the next one: here under a limit that stops nobody.
      await sleep(1500);
      group.setQuota(4);
      const before = group.counters();
      group.spin();
      const told = await probing.row('the new limit', (row) => isOwn(row) && row.quota_ns === 400_000_000n);
      const after = group.counters();

      expect(probing.rows.find(isOwn)).toMatchObject({
        quota_ns: 20_000_000n,
        period_ns: 100_000_000n,
        nr_throttled: 0n,
        throttled_ns: 0n,
      });
      expect(before.nrThrottled).toBeGreaterThanOrEqual(20);
      expect(told).toMatchObject({
        nr_throttled: BigInt(before.nrThrottled),
        throttled_ns: BigInt(before.throttledNs),
      });
      expect(Number(told.nr_periods)).toBeGreaterThanOrEqual(before.nrPeriods);
      expect(Number(told.nr_periods)).toBeLessThanOrEqual(after.nrPeriods);
      expect(Object.keys((await probing.stop()).get('@told') ?? {})).toContain(String(id));
    });

    it('tells of a group that is not throttled once a second, and of one without a limit never', async () => {
      const { rows, stop } = await probe('cpu_throttle_detector');
      const { group, id } = limited();
      group.setQuota(4);
      const free = makeGroup(ROOT, 'free');
      onTestFinished(() => free.remove());
      group.spin();
      free.spin();
      await sleep(4500);
      const own = rows.filter(({ cgroup_id: of }) => of === id);
      expect(own.length).toBeGreaterThanOrEqual(3);
      expect(own.length).toBeLessThanOrEqual(6);
      expect(own.every(({ nr_throttled: times }) => times === 0n)).toBe(true);
      const freeId = BigInt(statSync(`/sys/fs/cgroup/cpu${free.path}`).ino);
      expect(rows.some(({ cgroup_id: of }) => of === freeId)).toBe(false);

      // Groups that are gone are forgotten.
      await group.remove();
      await sleep(200);
      const held = Object.keys((await stop()).get('@told') ?? {});
      expect(held).not.toContain(String(id));
    });
  });

  describe.skipIf(skip(whyNoMemoryGroups(), 'no real memory cgroup'))('memory_pressure_monitor', () => {
    it('tells what the kernel charges, the limit, and the process that the OOM killer chose', async () => {
      const { row, rows } = await probe('memory_pressure_monitor');
      const group = makeMemoryGroup(`${ROOT}/memory`);
      group.setLimit(160 * MIB);
      const shell = group.shell();
      onTestFinished(async () => {
        await shell.end();
        await group.remove();
      });
      const limit = BigInt(group.read('memory.limit_in_bytes').trim());
      const held = shell.allocate(64, 6);
      // A group of which nobody leaves a CPU is not told of: something small runs beside what sleeps.
      const beside = group.shell();
      onTestFinished(() => beside.end());
      await sleep(2000);
      await beside.allocate(1, 0);
      const filled = await row(
        'the memory in use',
        (found) => found.limit_bytes === limit && Number(found.usage_bytes) > 64 * MIB,
      );
      const usage = Number(group.read('memory.usage_in_bytes'));
      // Node frees and takes some in the second between two tellings.
      expect(Math.abs(Number(filled.usage_bytes) - usage)).toBeLessThan(32 * MIB);
      expect(await held).toBe(0);

      const hog = fillUntilKilled(group.path);
      const kill = await row('the kill', ({ oom_kill: kills }) => kills === 1n);
      expect(kill).toMatchObject({ pid: BigInt(hog.pid ?? NaN), usage_bytes: -1n, limit_bytes: -1n });
      await sleep(500);
      expect(rows.filter(({ oom_kill: kills }) => kills === 1n)).toHaveLength(group.oomKills());
    });
  });

  describe('network_issue_finder', () => {
    const SERVER = '127.77.1.1';
    const CLIENT = '127.77.1.2';
    const NOBODY = '0.0.0.0';
    const [RETRANSMIT, RESET, FAILED, ASKED, MADE] = [1n, 2n, 3n, 4n, 5n];
    /** What is counted is told after a second, by each CPU before it rests again. */
    const told = async (): Promise<void> => {
      await sleep(1200);
      for (let cpu = 0; cpu < availableParallelism(); cpu += 1)
        await runOrThrow('taskset', ['-c', String(cpu), 'true']);
      await sleep(300);
    };
    const timesOf = (rows: readonly ProbeRow[], event: bigint, local: string, remote: string): number =>
      rows
        .filter((row) => row.event === event && row.local_addr === local && row.remote_addr === remote)
        .reduce((total, { times }) => total + Number(times), 0);

    it.each(['10.77.1.1', 'fd77::1'])('counts the connections of %s as TCP does', async (address) => {
      const probing = await probe('network_issue_finder');
      const peers = await startPeers(address);
      onTestFinished(() => peers.end());
      const attempts = { made: 24, refused: 10, reset: 16 };
      const before = tcpCountersOf(peers.pid);
      const began = performance.now();
      await peers.attempt(attempts);
      const after = tcpCountersOf(peers.pid);
      await told();
      const seconds = (performance.now() - began) / 1000;

      const grown = (name: string): number => (after[name] ?? NaN) - (before[name] ?? NaN);
      const times = (event: bigint, remote = NOBODY): number => timesOf(probing.rows, event, address, remote);
      expect(times(ASKED)).toBe(grown('ActiveOpens'));
      expect(times(ASKED)).toBe(attempts.made + attempts.refused + attempts.reset);
      // Both ends are at this address.
      expect(times(MADE)).toBe(grown('ActiveOpens') - grown('AttemptFails') + grown('PassiveOpens'));
      expect(times(MADE)).toBe(2 * (attempts.made + attempts.reset));
      expect(times(FAILED, address)).toBe(grown('AttemptFails'));
      expect(times(FAILED, address)).toBe(attempts.refused);
      // TCP counts who resets as well; what is told is what was received.
      expect(2 * times(RESET, address)).toBe(grown('EstabResets'));
      expect(times(RESET, address)).toBe(attempts.reset);

      // Not a row for each: one for a kind, a second, and a CPU, of which nothing is kept afterwards.
      const own = probing.rows.filter(({ local_addr: local }) => local === address);
      expect(own.length).toBeLessThanOrEqual(4 * availableParallelism() * Math.ceil(seconds + 1));
      expect(own.every(({ local_addr: local, times: count }) => local === address && Number(count) > 0)).toBe(
        true,
      );
      expect(JSON.stringify([...(await probing.stop())])).not.toContain(address);

      // 20 % of 10 and more attempts, and of 20 and more connections, are news.
      const issue = (symptom: string, failed: number, attempted: number): unknown => {
        const moment = 1_767_225_600_000_000_000n;
        return observationOf(
          'network_issue',
          {
            time_: moment + 60_000_000_000n,
            first_time: moment,
            pod: 'shop/web-1',
            node: 'node-1',
            symptom,
            failed: BigInt(failed),
            attempted: BigInt(attempted),
            remote: address,
            latency_ns: -1n,
          },
          { source: 'pixie' },
        );
      };
      const news = (symptom: string, failed: number, attempted: number): unknown =>
        right(
          expect.objectContaining({
            type: 'network_issue',
            symptom,
            failed,
            attempted,
            failure_percentage: 20,
          }),
        );
      expect(issue('connection_failures', times(FAILED, address), times(ASKED))).toEqual(
        news('connection_failures', 10, 50),
      );
      expect(issue('resets', times(RESET, address), times(MADE))).toEqual(news('resets', 16, 80));
      expect(issue('resets', times(RESET, address) - 1, times(MADE))).toEqual(right(null));
    });

    it.skipIf(noLoss)('tells of the segments sent again that TCP counts', async () => {
      const { rows } = await probe('network_issue_finder');
      const connection = await connect(SERVER, CLIENT);
      onTestFinished(() => connection.end());
      const before = tcpCountersOf(connection.pid);
      const packetsBefore = packetsSentBy(connection.pid);
      await loseTcpPackets(connection.pid, 0.3);
      for (let trip = 0; trip < 15; trip += 1) await connection.roundTrip();
      const grown = (name: string): number =>
        (tcpCountersOf(connection.pid)[name] ?? NaN) - (before[name] ?? NaN);
      const times = (): number =>
        timesOf(rows, RETRANSMIT, CLIENT, SERVER) + timesOf(rows, RETRANSMIT, SERVER, CLIENT);
      // The last answer may be lost, too, and go on being sent.
      await until('about as many as TCP counts', { timeoutMs: 30_000 }, async () => {
        await told();
        // The kernel leaves a program out that is due while another one runs on its CPU (bpf_prog_active): never too many.
        return times() >= 0.8 * grown('RetransSegs') && times() <= grown('RetransSegs') ? true : undefined;
      });
      // What it is a share of: all packets, with what was sent again among them.
      const segments = grown('OutSegs') + times();
      expect(packetsSentBy(connection.pid) - packetsBefore).toBeGreaterThanOrEqual(segments);
    });
  });

  describe('pod_creation_trace', () => {
    const POD = '6b0f6c1e-7c52-4a86-9d39-2f0a8e6d1c55';
    beforeAll(async () => {
      const needed = { runc: 'runc', busybox: 'busybox-static' };
      const missing = Object.entries(needed).filter(([program]) => findProgram(program) === undefined);
      await ensurePackages(
        missing.map(([, name]) => name),
        'running containers',
      );
      await kgtraceBinary();
    }, 300_000);

    it('tells of a birth what the observer’s own tracer counts', async () => {
      const births = await probe('pod_creation_trace');
      const tracer = await startKgtrace();
      onTestFinished(async () => {
        await tracer.stop();
      });
      await tracer.line('the start', ({ t }) => t === 'hello');
      const group = makePodGroup(POD);
      onTestFinished(() => group.remove());
      await tracer.line('that it counts', ({ t, on }) => t === 'counting' && on === true);

      const container = await makeContainer(`kernel-gossip-${process.pid}`, `${group.path}/one`);
      onTestFinished(() => container.remove());
      await container.create();
      await container.start();
      const birth = await births.row('the birth', ({ program }) => program === '/bin/sleep');
      const entry = await tracer.line('the entry', ({ t }) => t === 'entry');
      const counts = await countsOf(tracer.lines, entry);
      const sum = (of: (line: KgtraceLine) => number | undefined): bigint =>
        BigInt(counts.reduce((total, line) => total + (of(line) ?? NaN), 0));

      expect(births.rows).toHaveLength(1);
      expect(birth).toMatchObject({
        pid: BigInt(entry.pid ?? NaN),
        total_syscalls: sum(({ total }) => total),
        mounts: sum(({ by }) => (by?.mount ?? 0) + (by?.move_mount ?? 0)),
        cgroups_created: sum(({ cgroups_made: made }) => made),
        cgroup_writes: sum(({ cgroup_writes: writes }) => writes),
      });
      const { ns = {}, host_ns: host = {} } = entry;
      const fresh = Object.keys(ns).filter((kind) => ns[kind] !== host[kind]);
      expect(birth.namespaces).toBe(BigInt(fresh.length));
      expect(Number(birth.duration_ns)).toBeGreaterThan(1e6);

      // What enters a container later is no birth, and nothing is remembered of what is over.
      await container.exec('/bin/true');
      await container.remove();
      await sleep(500);
      expect(births.rows).toHaveLength(1);
      expect(await births.stop()).toEqual(new Map());
    });
  });
});

/** What kgtrace counted of `runc create` and of the init that became the container: not of `runc start`, which only wakes it. */
async function countsOf(lines: readonly KgtraceLine[], entry: KgtraceLine): Promise<readonly KgtraceLine[]> {
  // The lines of slots that end follow at once.
  await sleep(500);
  const create = lines.find(({ t, argv }) => t === 'exec' && argv?.includes('create') === true);
  const inLineage = new Set([create?.slot]);
  for (const { t, slot, parent } of lines) if (t === 'exec' && inLineage.has(parent)) inLineage.add(slot);
  expect(inLineage.has(entry.slot)).toBe(true);
  return lines.filter(({ t, slot, why }) => t === 'counts' && why === 'end' && inLineage.has(slot));
}

/** A process in a memory group that takes memory without end. */
const fillUntilKilled = (path: string): ChildProcess =>
  spawn(
    'sh',
    [
      '-c',
      `echo $$ > /sys/fs/cgroup/memory${path}/cgroup.procs && exec "$0" -e "$1"`,
      process.execPath,
      'const held = []; for (;;) held.push(Buffer.alloc(1 << 20, 1));',
    ],
    { stdio: 'ignore' },
  );

/** The packets that the interfaces in the network namespace of a process sent: Pixie reads the same file (proc_pid_net(5), dev). */
const packetsSentBy = (pid: number): number =>
  readFileSync(`/proc/${pid}/net/dev`, 'utf8')
    .split('\n')
    .slice(2)
    .reduce((total, line) => total + Number(line.split(':')[1]?.trim().split(/\s+/)[9] ?? 0), 0);
