import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync } from 'node:fs';
import { rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cgroupDirectory, isUnified } from '../src/cluster/cgroup-directory.ts';
import { ensurePackages, findProgram } from '../src/cluster/built/programs.ts';
import { run } from '../src/command.ts';
import { type Kgtrace, type KgtraceLine, kgtraceBinary, residentKiB, startKgtrace } from '../src/kgtrace.ts';
import { type Container, ensureRunc, makeContainer, makePodGroup } from '../src/kgtrace-container.ts';
import { byName, ensureWitness, startWitness, type Testimony } from '../src/kgtrace-witness.ts';

const POD = '4b1d7c0e-9f1a-4c1e-8a53-0d6a52f1c9b7';
/** What the specification that `runc spec` writes asks for. */
const NAMESPACES_OF_SPEC = ['ipc', 'mnt', 'net', 'pid', 'uts'];
const NETWORK = `
ip link add kg0 type veth peer name kg1
ip address add 192.0.2.1/24 dev kg0
ip link set kg0 up
ip route add 198.51.100.0/24 dev kg0
iptables-nft -N KG
iptables-nft -A KG -j ACCEPT
iptables-legacy -A INPUT -j ACCEPT
`;
const STARTS_IN_A_ROW = 200;
const HEADER_BYTES = 16;
const RECORD_BYTES = 24;
const MAGIC = 0x4b475331;

/** A kgtrace that ends with the test. */
async function kgtrace(through: readonly string[] = []): Promise<Kgtrace> {
  const started = await startKgtrace(through);
  onTestFinished(async () => {
    await started.stop();
  });
  return started;
}

/** A pod's group, made as kubelet does, so that kgtrace counts; resolves when it does. */
async function openPod(tracer: Kgtrace): Promise<string> {
  await tracer.line('the start', ({ t }) => t === 'hello');
  const group = makePodGroup(POD);
  onTestFinished(() => {
    group.remove();
  });
  await tracer.line('that it counts', ({ t, on }) => t === 'counting' && on === true);
  return group.path;
}

async function container(
  id: string,
  parent: string,
  args: readonly string[],
  programs: readonly string[] = [],
): Promise<Container> {
  const made = await makeContainer({ id, parent, args, programs });
  onTestFinished(() => {
    made.remove();
  });
  return made;
}

const linesOf = (tracer: Kgtrace, type: string): readonly KgtraceLine[] =>
  tracer.lines.filter(({ t }) => t === type);

/** The slots that come from the run of one container. */
function slotsOf(tracer: Kgtrace, id: string): ReadonlySet<number> {
  const slots = new Set<number>();
  for (const { slot = 0, parent = 0, argv } of linesOf(tracer, 'exec')) {
    if (slots.has(parent) || (argv?.includes('run') === true && argv.includes(id))) slots.add(slot);
  }
  return slots;
}

const endOf = (slot: number) => (line: KgtraceLine) =>
  line.t === 'counts' && line.slot === slot && line.why === 'end';

async function awaitEnds(tracer: Kgtrace, id: string): Promise<readonly KgtraceLine[]> {
  return Promise.all([...slotsOf(tracer, id)].map((slot) => tracer.line(`slot ${slot}`, endOf(slot))));
}

function sumOf(counts: readonly KgtraceLine[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { by = {} } of counts)
    for (const [name, times] of Object.entries(by)) sums[name] = (sums[name] ?? 0) + times;
  return sums;
}

/** What the witness saw of runc and its children, from runc's own first instruction to that of the container. */
function witnessed(testimony: Testimony, runcPid: number): Readonly<Record<string, number>> {
  const lineage = testimony.lineage(runcPid);
  const ofBirth = ({ tid, comm }: { readonly tid: number; readonly comm: string }) =>
    lineage.has(tid) && (comm === 'exe' || comm.startsWith('runc'));
  return byName(testimony.calls.filter(ofBirth));
}

describe('kgtrace', () => {
  beforeAll(async () => {
    await ensureRunc();
    await ensureWitness();
    await kgtraceBinary();
  });

  it('says at first what it can do', async () => {
    const tracer = await kgtrace();
    const hello = await tracer.line('the start', ({ t }) => t === 'hello');
    expect(tracer.lines[0]).toBe(hello);
    expect(hello).toMatchObject({ version: 1, births: true, samples: true, missing: [] });
  });

  it('tells of a container from runc to its program, with its namespaces and its cgroup', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const one = await container('kernel-gossip-one', parent, ['/bin/sh', '-c', 'true']);
    expect(await one.run()).toMatchObject({ code: 0 });
    const [root = NaN] = slotsOf(tracer, one.id);
    expect(await tracer.line('the end of runc', endOf(root))).toMatchObject({ exit: 0 });
    const [entry, ...others] = linesOf(tracer, 'entry').filter(({ slot = 0 }) =>
      slotsOf(tracer, one.id).has(slot),
    );
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      comm: 'sh',
      argv: ['/bin/sh', '-c', 'true'],
      vpid: 1,
      cgroup: `${parent}/${one.id}`,
    });
    const { ns = {}, host_ns: host = {} } = entry ?? {};
    expect(host.net).toBe(Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]));
    const fresh = Object.keys(ns).filter((kind) => ns[kind] !== host[kind]);
    expect(fresh.toSorted()).toEqual(NAMESPACES_OF_SPEC);
  });

  it('counts what an independent trace of the same processes counts, also of two births at once', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const witness = await startWitness();
    onTestFinished(() => {
      witness.dismiss();
    });
    const two = await Promise.all(
      ['kernel-gossip-left', 'kernel-gossip-right'].map((id) =>
        container(id, parent, ['/bin/sh', '-c', 'true']),
      ),
    );
    await Promise.all(two.map((one) => one.run()));
    const ends = await Promise.all(two.map(({ id }) => awaitEnds(tracer, id)));
    const testimony = await witness.stop();
    for (const [index, { id }] of two.entries()) {
      const slots = slotsOf(tracer, id);
      const root = linesOf(tracer, 'exec').find(({ slot = 0 }) => slots.has(slot));
      const counts = ends[index] ?? [];
      expect(counts.every(({ counted }) => counted)).toBe(true);
      expect(sumOf(counts)).toEqual(witnessed(testimony, root?.pid ?? 0));
      for (const { total, by = {} } of counts)
        expect(total).toBe(Object.values(by).reduce((sum, times) => sum + times, 0));
      const entries = linesOf(tracer, 'entry').filter(({ slot = 0 }) => slots.has(slot));
      expect(entries.map(({ cgroup }) => cgroup)).toEqual([`${parent}/${id}`]);
    }
  });

  it('gives each of many starts in a row its own entry, and loses nothing', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const one = await container('kernel-gossip-many', parent, ['/bin/true']);
    for (let start = 0; start < STARTS_IN_A_ROW; start += 1)
      expect(await one.run()).toMatchObject({ code: 0 });
    const since = tracer.lines.length;
    const stats = await tracer.line(
      'how it went',
      (line) => line.t === 'stats' && tracer.lines.indexOf(line) > since,
    );
    expect(stats).toMatchObject({ lost: 0, refused: 0 });
    const entries = linesOf(tracer, 'entry').filter(({ cgroup }) => cgroup === `${parent}/${one.id}`);
    expect(entries).toHaveLength(STARTS_IN_A_ROW);
    expect(new Set(entries.map(({ slot }) => slot)).size).toBe(STARTS_IN_A_ROW);
    expect(residentKiB(tracer.pid)).toBeLessThanOrEqual(13 * 1024);
  });

  it('tells no number of what began before it counted, and counts no longer than a birth is open', async () => {
    const group = makePodGroup(POD);
    onTestFinished(() => {
      group.remove();
    });
    const one = await container('kernel-gossip-late', group.path, ['/bin/true']);
    const tracer = await kgtrace();
    await tracer.line('the start', ({ t }) => t === 'hello');
    // Other pods of this machine shall not keep it counting for long.
    tracer.say('window 1000');
    await one.run();
    const [root = NaN] = slotsOf(tracer, one.id);
    const end = await tracer.line('the end of runc', endOf(root));
    expect(end).toMatchObject({ counted: false, exit: 0 });
    for (const figure of ['total', 'by', 'cgroup_writes', 'links', 'xt_replaces'])
      expect(end).not.toHaveProperty(figure);
    expect(end.cgroups_made).toBeGreaterThan(0);
    await tracer.line('that it no longer counts', ({ t, on }) => t === 'counting' && on === false);
  });

  it('does not follow a program in a container that calls itself runc', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const args = ['/bin/sh', '-c', 'runc run pretended; containerd --pretended'];
    const one = await container('kernel-gossip-liar', parent, args, ['runc', 'containerd']);
    await one.run();
    await awaitEnds(tracer, one.id);
    expect(linesOf(tracer, 'entry').map(({ argv }) => argv)).toContainEqual(args);
    expect(
      linesOf(tracer, 'exec').filter(({ argv }) => argv?.some((word) => /^-*pretended$/.test(word))),
    ).toEqual([]);
  });

  it('tells texts that are no text as valid UTF-8', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const name = 'a\n\u0001"\\\u001b[1mß';
    const one = await container('kernel-gossip-odd', parent, [`/bin/${name}`], [name]);
    await one.run();
    const entry = await tracer.line(
      'the entry',
      ({ t, cgroup }) => t === 'entry' && cgroup === `${parent}/${one.id}`,
    );
    expect(entry).toMatchObject({ comm: name, argv: [`/bin/${name}`] });
    await run('sh', ['-c', `runc "$(printf 'run\\377\\300\\257')"`]);
    await tracer.line('an argument that is no UTF-8', ({ argv }) => argv?.[1] === 'run\ufffd\ufffd\ufffd');
  });

  it('counts the cgroups that are made, in every hierarchy, and writes to their files', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const one = await container('kernel-gossip-net', parent, ['/bin/true']);
    await one.run();
    const ends = await awaitEnds(tracer, one.id);
    const made = new Set(
      linesOf(tracer, 'mkdir')
        .filter(({ slot = 0 }) => slotsOf(tracer, one.id).has(slot))
        .map(({ path, hierarchy }) => `${hierarchy ?? ''}:${path ?? ''}`),
    );
    expect(made.size).toBeGreaterThan(0);
    expect(ends.reduce((sum, { cgroups_made: times = 0 }) => sum + times, 0)).toBe(made.size);
    // runc puts the container's first process into its group by a write at least.
    expect(ends.reduce((sum, { cgroup_writes: times = 0 }) => sum + times, 0)).toBeGreaterThan(0);
  });

  it('counts links, addresses, routes and rules that are made', async () => {
    await ensurePackages(
      ['ip', 'iptables-nft'].every(findProgram) ? [] : ['iproute2', 'iptables'],
      'making links and rules',
    );
    const tracer = await kgtrace();
    await openPod(tracer);
    const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
    onTestFinished(() => {
      rmSync(directory, { recursive: true });
    });
    // What it does itself is counted as a runtime's work, because of its name.
    const runtime = join(directory, 'runc');
    writeFileSync(runtime, `#!/bin/sh\nexec unshare --net sh -e -c '${NETWORK}' create\n`, { mode: 0o755 });
    expect(await run(runtime, [])).toMatchObject({ code: 0 });
    const isShell = (line: KgtraceLine) =>
      line.t === 'exec' && line.argv?.at(-1) === 'create' && line.comm === 'sh';
    const shell = await tracer.line('the shell', isShell);
    await tracer.line('its end', endOf(shell.slot ?? 0));
    const steps = linesOf(tracer, 'exec').filter(({ parent }) => parent === shell.slot);
    const figures = await Promise.all(
      steps.map(async ({ slot = 0, argv = [] }) => {
        const { links, addresses, routes, nft_rules, nft_chains, xt_replaces } = await tracer.line(
          '',
          endOf(slot),
        );
        return [argv.join(' '), { links, addresses, routes, nft_rules, nft_chains, xt_replaces }];
      }),
    );
    const none = { links: 0, addresses: 0, routes: 0, nft_rules: 0, nft_chains: 0, xt_replaces: 0 };
    expect(Object.fromEntries(figures)).toEqual({
      'ip link add kg0 type veth peer name kg1': { ...none, links: 1 },
      'ip address add 192.0.2.1/24 dev kg0': { ...none, addresses: 1 },
      'ip link set kg0 up': none,
      'ip route add 198.51.100.0/24 dev kg0': { ...none, routes: 1 },
      'iptables-nft -N KG': { ...none, nft_chains: 1 },
      'iptables-nft -A KG -j ACCEPT': { ...none, nft_rules: 1 },
      'iptables-legacy -A INPUT -j ACCEPT': { ...none, xt_replaces: 1 },
    });
  });

  it('runs with CAP_BPF and CAP_PERFMON alone', async () => {
    const tracer = await kgtrace(['setpriv', '--bounding-set=-all,+bpf,+perfmon']);
    expect(await tracer.line('the start', ({ t }) => t === 'hello')).toMatchObject({
      births: true,
      missing: [],
    });
    const parent = await openPod(tracer);
    const one = await container('kernel-gossip-few', parent, ['/bin/true']);
    await one.run();
    await tracer.line('the entry', ({ t, cgroup }) => t === 'entry' && cgroup === `${parent}/${one.id}`);
  });

  it('says what it lacks without them, and ends', async () => {
    const tracer = await kgtrace(['setpriv', '--bounding-set=-all']);
    const hello = await tracer.line('the start', ({ t }) => t === 'hello');
    expect(hello).toMatchObject({ births: false, samples: false });
    expect(hello.missing?.join()).toMatch(/births: .*CAP_BPF and CAP_PERFMON/);
    expect(await tracer.line('the end', ({ t }) => t === 'bye')).toHaveProperty('why');
    expect(await tracer.stop()).toBe(0);
  });

  it('ends with its input', async () => {
    const tracer = await startKgtrace();
    await tracer.line('the start', ({ t }) => t === 'hello');
    expect(await tracer.stop()).toBe(0);
  });

  it('ends when nobody reads any more', async () => {
    const child = spawn(await kgtraceBinary(), { stdio: ['pipe', 'pipe', 'ignore'] });
    onTestFinished(() => void child.kill());
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    child.stdout.destroy();
    expect(await ended).toEqual([0, null]);
  });

  it('says nothing of births while they are off, and all of them again after', async () => {
    const tracer = await kgtrace();
    const parent = await openPod(tracer);
    const quiet = await container('kernel-gossip-quiet', parent, ['/bin/true']);
    const told = await container('kernel-gossip-told', parent, ['/bin/true']);
    tracer.say('births off');
    await tracer.line('that it no longer counts', ({ t, on }) => t === 'counting' && on === false);
    await quiet.run();
    tracer.say('births on');
    const since = tracer.lines.length;
    await tracer.line('a sign of life', (line) => line.t === 'stats' && tracer.lines.indexOf(line) > since);
    await told.run();
    await awaitEnds(tracer, told.id);
    const entries = linesOf(tracer, 'entry').map(({ cgroup }) => cgroup);
    expect(entries).toContain(`${parent}/${told.id}`);
    expect(entries).not.toContain(`${parent}/${quiet.id}`);
  });
});

interface Sample {
  readonly periods: number;
  readonly throttled: number;
  readonly throttledNs: bigint;
}

/** The last frame that is complete, by cgroup id. */
function lastFrame(bytes: Buffer): ReadonlyMap<bigint, Sample> {
  let last = new Map<bigint, Sample>();
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    expect(bytes.readUInt32LE(at)).toBe(MAGIC);
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 4) * RECORD_BYTES;
    if (end > bytes.length) break;
    last = new Map();
    for (at += HEADER_BYTES; at < end; at += RECORD_BYTES)
      last.set(bytes.readBigUInt64LE(at), {
        throttledNs: bytes.readBigUInt64LE(at + 8),
        periods: bytes.readUInt32LE(at + 16),
        throttled: bytes.readUInt32LE(at + 20),
      });
  }
  return last;
}

/** cpu.stat in the same shape: version 1 counts nanoseconds, version 2 microseconds. */
function statOf(directory: string): Sample {
  const text = readFileSync(join(directory, 'cpu.stat'), 'utf8');
  const value = (key: string) => BigInt(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  return {
    periods: Number(value('nr_periods')),
    throttled: Number(value('nr_throttled')),
    throttledNs: isUnified() ? value('throttled_usec') * 1000n : value('throttled_time'),
  };
}

describe('a frame of samples', () => {
  it('has what cpu.stat says of a throttled group, and no group without a quota', async () => {
    const throttled = cgroupDirectory('cpu', `kernel-gossip-test-${process.pid}-throttled`);
    const free = cgroupDirectory('cpu', `kernel-gossip-test-${process.pid}-free`);
    for (const directory of [throttled, free]) {
      mkdirSync(directory);
      onTestFinished(() => {
        rmdirSync(directory);
      });
    }
    if (isUnified()) writeFileSync(join(throttled, 'cpu.max'), '20000 100000');
    else writeFileSync(join(throttled, 'cpu.cfs_quota_us'), '20000');
    const burn =
      'echo $$ > "$0/cgroup.procs"; end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done';
    await run('sh', ['-c', burn, throttled]);

    const tracer = await kgtrace();
    tracer.say('interval 50');
    await tracer.line('the start', ({ t }) => t === 'hello');
    await tracer.line('a second', ({ t }) => t === 'stats');
    const frame = lastFrame(tracer.frames());
    const stat = statOf(throttled);
    expect(stat.throttled).toBeGreaterThan(0);
    const { throttledNs = 0n, ...counts } = frame.get(statSync(throttled, { bigint: true }).ino) ?? {};
    expect(counts).toEqual({ periods: stat.periods, throttled: stat.throttled });
    expect(isUnified() ? throttledNs - (throttledNs % 1000n) : throttledNs).toBe(stat.throttledNs);
    expect(frame.has(statSync(free, { bigint: true }).ino)).toBe(false);
  });
});
