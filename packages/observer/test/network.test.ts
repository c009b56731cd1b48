import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { identify } from '../src/identify/identify.ts';
import type { NetworkIssueMessage } from '../src/network/observation.ts';
import { NETWORK_DETECTOR_DEFAULTS } from '../src/network/settings.ts';
import { createNetworkSource, type NetworkSource } from '../src/network/source.ts';
import type { Outgoing } from '../src/source.ts';

const HIERARCHY = '/sys/fs/cgroup/cpu';
const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const TAG = `kg-test-${process.pid}`;
const PARENT = `/kernel-gossip-test-${process.pid}-net`;
const POD = `${PARENT}/pod${UID}`;
const SANDBOX = `${POD}/${'ab'.repeat(32)}`;
const APP = `${POD}/${'cd'.repeat(32)}`;
const NS = { pod: `${TAG}-pod`, peer: `${TAG}-peer` } as const;
type Side = keyof typeof NS;
const PEER = '10.99.0.2';

const ip = (...args: readonly string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inside = (side: Side, ...command: readonly string[]): string =>
  ip('netns', 'exec', NS[side], ...command);
const quietly = (action: () => void): void => {
  try {
    action();
  } catch {
    // Gone already.
  }
};

/** Why no namespaces can be made here, or null where they can. */
function whyNot(): string | null {
  const name = `${TAG}-probe`;
  const probe = `${HIERARCHY}/kernel-gossip-test-${process.pid}-probe`;
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    ip('netns', 'add', name);
    ip('netns', 'exec', name, 'iptables', '-A', 'INPUT', ...everyFifth(1));
    return null;
  } catch (error) {
    return String(error);
  } finally {
    quietly(() => ip('netns', 'del', name));
  }
}

/** Loss by the packet filter, which every kernel has; `netem` is a module that many leave out. */
const everyFifth = (port: number): readonly string[] =>
  `-p tcp --dport ${port} -m statistic --mode nth --every 5 --packet 0 -j DROP`.split(' ');

const children: ChildProcess[] = [];

/** Runs a command in the namespace of a side and, for the pod, in one of its groups. The process stays the same one throughout. */
function spawnIn(side: Side, group: string | null, command: readonly string[]): ChildProcess {
  const join = group === null ? '' : `echo $$ > '${HIERARCHY}${group}/cgroup.procs' && `;
  const child = spawn('sh', ['-c', `${join}exec "$@"`, 'sh', 'ip', 'netns', 'exec', NS[side], ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}
const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode === null && child.signalCode === null
    ? new Promise((resolve) => child.once('exit', resolve))
    : Promise.resolve();
const script = (source: string): readonly string[] => [process.execPath, '-e', source];

async function serve(onSocket: string): Promise<void> {
  const listen = `require('net').createServer({ allowHalfOpen: false }, (s) => { s.on('error', () => {}); ${onSocket} })
    .listen(5000, () => console.log('ready'));`;
  const server = spawnIn('peer', null, script(listen));
  await new Promise((resolve) => server.stdout?.once('data', resolve));
}
/** So many connections of the pod to the peer at once, until all are over. */
const connect = (count: number, port: number, onConnect: string): Promise<unknown> =>
  ended(
    spawnIn(
      'pod',
      APP,
      script(`for (let i = 0; i < ${count}; i += 1) {
        const s = require('net').connect(${port}, '${PEER}', () => { ${onConnect} });
        s.on('error', () => {}); s.resume();
      }`),
    ),
  );

const tableOf = (text: string, protocol: string): Readonly<Record<string, number>> => {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' ').slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
};
/** The namespace's own TCP counters, read from within it. */
const tcp = () => tableOf(inside('pod', 'cat', '/proc/self/net/snmp'), 'Tcp');
const device = (): readonly number[] => {
  const line = /^\s*eth0:(.*)$/m.exec(inside('pod', 'cat', '/proc/self/net/dev'))?.[1] ?? '';
  return line.trim().split(/\s+/).map(Number);
};
/** Waits until nothing is on its way any more. */
async function quiet(): Promise<void> {
  let before = '';
  let now = 'unknown';
  while (now !== before) {
    await sleep(100);
    before = now;
    now = inside('pod', 'cat', '/proc/self/net/snmp', '/proc/self/net/dev');
  }
}

const sent: Outgoing[] = [];
const messages = (): readonly NetworkIssueMessage[] =>
  sent.flatMap(({ message }) => (message.type === 'network_issue' ? [message] : []));
let source: NetworkSource | null = null;
let known: readonly string[] = [];

function observe(localNames = false): NetworkSource {
  source = createNetworkSource(
    {
      cgroupRoot: HIERARCHY,
      procRoot: '/proc',
      intervalMs: 10_000,
      localNames,
      detector: { ...NETWORK_DETECTOR_DEFAULTS, calmSeconds: 0 },
      sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' },
    },
    () => known.map((path) => ({ path, identity: identify(path) })),
    systemClock,
    pino({ level: 'silent' }),
  );
  return source;
}
const sweep = (): void => source?.sweep((outgoing) => sent.push(outgoing));

function makeNamespaces(): void {
  for (const name of Object.values(NS)) ip('netns', 'add', name);
  ip('-n', NS.pod, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', NS.peer);
  const addresses = { pod: '10.99.0.1/24', peer: `${PEER}/24` } as const;
  for (const side of ['pod', 'peer'] as const) {
    inside(side, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
    ip('-n', NS[side], 'addr', 'add', addresses[side], 'dev', 'eth0');
    for (const link of ['lo', 'eth0']) ip('-n', NS[side], 'link', 'set', link, 'up');
  }
}

beforeEach(() => {
  sent.length = 0;
  known = [POD, SANDBOX, APP];
});
afterEach(async () => {
  source?.close();
  source = null;
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map(ended));
  children.length = 0;
  for (const name of Object.values(NS)) quietly(() => ip('netns', 'del', name));
  // A dead task leaves its group a moment after its parent knows.
  await sleep(50);
  for (const path of [SANDBOX, APP, POD, PARENT]) quietly(() => rmdirSync(`${HIERARCHY}${path}`));
});

const obstacle = whyNot();
describe.skipIf(obstacle !== null)(`the network source on real namespaces${obstacle ?? ''}`, () => {
  beforeEach(async () => {
    for (const path of [SANDBOX, APP]) mkdirSync(`${HIERARCHY}${path}`, { recursive: true });
    makeNamespaces();
    await startSandbox();
  });
  const startSandbox = async (): Promise<ChildProcess> => {
    const sandbox = spawnIn('pod', SANDBOX, ['sh', '-c', 'echo ready; exec sleep 600']);
    await new Promise((resolve) => sandbox.stdout?.once('data', resolve));
    return sandbox;
  };

  it('tells retransmits as the namespace counts them, from their beginning to their end', async () => {
    await serve('s.resume();');
    inside('peer', 'iptables', '-A', 'INPUT', ...everyFifth(5000));
    observe();
    await quiet();
    sweep();
    const before = tcp();
    await connect(20, 5000, 's.end(Buffer.alloc(60_000));');
    await quiet();
    sweep();
    const after = tcp();
    const failed = after.RetransSegs! - before.RetransSegs!;
    const attempted = after.OutSegs! - before.OutSegs! + failed;
    expect(failed).toBeGreaterThan(0);
    expect(messages()).toMatchObject([
      { type: 'network_issue', pod_uid: UID, cgroup: POD, symptom: 'retransmits', failed, attempted },
    ]);
    expect(messages()[0]).toMatchObject({ node_name: 'node-1', provenance: 'measured', ended: false });
    expect(messages()[0]?.failure_percentage).toBeCloseTo((100 * failed) / attempted, 5);
    expect(source?.stats()).toMatchObject({ pods: 1, sampled: 1, hostNetwork: 0, troubled: 1 });

    inside('peer', 'iptables', '-F', 'INPUT');
    await connect(20, 5000, 's.end(Buffer.alloc(60_000));');
    await quiet();
    sweep();
    expect(messages()[1]).toMatchObject({
      symptom: 'retransmits',
      ended: true,
      failed: tcp().RetransSegs! - after.RetransSegs!,
      attempted: tcp().OutSegs! - after.OutSegs! + tcp().RetransSegs! - after.RetransSegs!,
    });
    expect(messages()).toHaveLength(2);
    expect(messages().every((message) => isRight(decodeObservation(message)))).toBe(true);
    expect(source?.stats()).toMatchObject({ troubled: 0 });
  }, 60_000);

  it('tells connections that nobody takes, and that the other end resets', async () => {
    await serve("s.on('data', () => s.resetAndDestroy());");
    observe();
    sweep();
    await connect(20, 5001, '');
    await quiet();
    sweep();
    await connect(30, 5000, "s.write('x');");
    await quiet();
    sweep();
    expect(messages()).toMatchObject([
      { symptom: 'connection_failures', failed: 20, attempted: 20, failure_percentage: 100 },
      { symptom: 'resets', failed: 30, attempted: 30, failure_percentage: 100 },
    ]);
  }, 60_000);

  it('tells requests that a full accept queue makes the kernel drop', async () => {
    const listen = `require('net').createServer().listen({ port: 5000, backlog: 1 }, () => console.log('ready'));`;
    const server = spawnIn('pod', APP, script(listen));
    await new Promise((resolve) => server.stdout?.once('data', resolve));
    server.kill('SIGSTOP');
    observe();
    sweep();
    const clients = spawnIn(
      'peer',
      null,
      script(`for (let i = 0; i < 40; i += 1) require('net').connect(5000, '10.99.0.1').on('error', () => {});
        setTimeout(() => process.exit(), 1500);`),
    );
    await ended(clients);
    await quiet();
    sweep();
    const { ListenDrops: failed } = tableOf(inside('pod', 'cat', '/proc/self/net/netstat'), 'TcpExt');
    expect(failed).toBeGreaterThanOrEqual(38);
    expect(messages()).toMatchObject([
      { symptom: 'connection_failures', failed, attempted: failed! + tcp().PassiveOpens! },
    ]);
  }, 60_000);

  it('leaves out connections that the pod’s own processes cut off', async () => {
    await serve('s.resume();');
    observe();
    sweep();
    const before = tcp();
    await connect(30, 5000, 's.resetAndDestroy();');
    await quiet();
    sweep();
    expect(tcp().EstabResets! - before.EstabResets!).toBe(30);
    expect(source?.stats()).toMatchObject({ sampled: 1 });
    expect(messages()).toEqual([]);
  }, 60_000);

  it('tells packets that an interface drops, such as those too large for the other end', async () => {
    ip('-n', NS.peer, 'link', 'set', 'eth0', 'mtu', '600');
    observe();
    sweep();
    const before = device();
    await ended(
      spawnIn(
        'pod',
        APP,
        script(`const u = require('dgram').createSocket('udp4');
          let left = 200; for (let i = 0; i < 200; i += 1)
            u.send(Buffer.alloc(1200), 9, '${PEER}', () => { left -= 1; if (left === 0) u.close(); });`),
      ),
    );
    await quiet();
    sweep();
    const after = device();
    const grown = (column: number): number => after[column]! - before[column]!;
    // Columns of /proc/net/dev: packets and drops received, packets and drops sent.
    const failed = grown(3) + grown(11);
    expect(failed).toBeGreaterThanOrEqual(200);
    expect(messages()).toMatchObject([
      { symptom: 'drops', failed, attempted: grown(1) + grown(9) + grown(11) },
    ]);
  }, 60_000);

  it('says nothing of a pod with the machine’s own network, and says so', async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map(ended));
    const child = spawn('sh', [
      '-c',
      `echo $$ > '${HIERARCHY}${SANDBOX}/cgroup.procs'; echo ready; exec sleep 600`,
    ]);
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    observe();
    sweep();
    expect(source?.stats()).toMatchObject({ pods: 1, sampled: 0, hostNetwork: 1, unread: 0 });
    expect([...source!.snapshot()]).toEqual([]);
  });

  it('goes on with another process of the pod, and never reads one that has left it', async () => {
    observe();
    sweep();
    const [first] = [...source!.snapshot()];
    await connect(20, 5001, '');
    const old = children[0]!;
    writeFileSync(`${HIERARCHY}/cgroup.procs`, String(old.pid));
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 0, unread: 1 });
    expect([...source!.snapshot()]).toEqual([first]);

    await startSandbox();
    sweep();
    expect(messages()).toMatchObject([{ symptom: 'connection_failures', failed: 20, attempted: 20 }]);
    known = [];
    sweep();
    expect(messages().at(-1)).toMatchObject({ ended: true, failed: 20 });
    expect(source?.stats()).toMatchObject({ pods: 0 });
  }, 60_000);

  it('stands for a pod by its container where there is no Kubernetes', async () => {
    known = [`${PARENT}/${'ef'.repeat(32)}`];
    mkdirSync(`${HIERARCHY}${known[0]!}`);
    const child = spawnIn('pod', known[0]!, ['sh', '-c', 'echo ready; exec sleep 600']);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    observe(true);
    sweep();
    await connect(20, 5001, '');
    sweep();
    for (const each of children) each.kill('SIGKILL');
    await Promise.all(children.map(ended));
    await sleep(50);
    rmdirSync(`${HIERARCHY}${known[0]!}`);
    expect(messages()).toMatchObject([{ namespace: 'cgroup', symptom: 'connection_failures', failed: 20 }]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
  }, 60_000);

  it('holds no namespace: nothing stays open', () => {
    observe();
    sweep();
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 1 });
    const open = readdirSync('/proc/self/fd').flatMap((descriptor) => {
      const links: string[] = [];
      quietly(() => links.push(readlinkSync(`/proc/self/fd/${descriptor}`)));
      return links;
    });
    expect(open.filter((path) => path.includes('/net/') || path.includes('cgroup.procs'))).toEqual([]);
    expect(readFileSync('/proc/self/net/snmp', 'latin1')).toContain('Tcp: ');
  });
});
