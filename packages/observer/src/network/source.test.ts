import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { identify } from '../identify/identify.ts';
import { NETWORK_DETECTOR_DEFAULTS } from './settings.ts';
import { createNetworkSource, type NetworkSource } from './source.ts';
import type { Outgoing } from '../source.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const ID = '0123456789abcdef'.repeat(4);
const POD = `/kubepods.slice/kubepods-pod${UID.replaceAll('-', '_')}.slice`;
const CONTAINER = `${POD}/crio-${ID}.scope`;

let root = '';
let nowMs = 0;
let known: string[] = [];
let source: NetworkSource | null = null;
const sent: Outgoing[] = [];
const warnings: string[] = [];

const write = (path: string, text: string): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
/** Puts processes into a group. */
const inhabit = (group: string, ...pids: readonly number[]): void =>
  write(`cgroup${group}/cgroup.procs`, pids.map((pid) => `${pid}\n`).join(''));

interface Figures {
  readonly out?: number;
  readonly again?: number;
  readonly in?: number;
  readonly drops?: number;
}
/** Writes what a process' namespace counted; a process has one, and always the same, as its files are written over. */
function count(pid: number, { out = 0, again = 0, in: inSegs = 0, drops = 0 }: Figures = {}): void {
  const net = `proc/${pid}/net`;
  write(
    `${net}/snmp`,
    `Tcp: ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs\nTcp: 0 0 0 0 0 ${inSegs} ${out} ${again}\n`,
  );
  write(
    `${net}/netstat`,
    `TcpExt: EmbryonicRsts ListenDrops TCPAbortOnData TCPAbortOnClose\nTcpExt: 0 ${drops} 0 0\n`,
  );
  write(
    `${net}/dev`,
    'Inter-|   Receive | Transmit\n face |bytes packets errs drop|bytes packets errs drop\n  eth0: 1 2 0 0 3 4 0 0\n',
  );
}

function observe(localNames = false): NetworkSource {
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void warnings.push((JSON.parse(line) as { readonly msg: string }).msg) },
  );
  source = createNetworkSource(
    {
      cgroupRoot: join(root, 'cgroup'),
      procRoot: join(root, 'proc'),
      intervalMs: 10_000,
      localNames,
      detector: NETWORK_DETECTOR_DEFAULTS,
      sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' },
    },
    () => known.map((path) => ({ path, identity: identify(path) })),
    { monotonicMs: () => nowMs, wallMs: () => Date.parse('2024-03-15T10:30:00Z') + nowMs },
    log,
  );
  return source;
}
const sweep = (): void => {
  source?.sweep((outgoing) => sent.push(outgoing));
  nowMs += 10_000;
};
const messages = () => sent.flatMap(({ message }) => (message.type === 'network_issue' ? [message] : []));
const readings = () => [...source!.snapshot()];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  nowMs = 0;
  sent.length = 0;
  warnings.length = 0;
  known = ['/', '/kubepods.slice', POD, CONTAINER, '/system.slice/nginx.service'];
  count(1);
});
afterEach(() => {
  source?.close();
  source = null;
  vi.useRealTimers();
  rmSync(root, { recursive: true });
});

describe('the network source', () => {
  it('tells what the counters say, to the last field, and only of pods', () => {
    inhabit(CONTAINER, 42);
    inhabit('/system.slice/nginx.service', 43);
    count(42, { out: 1000, again: 10 });
    observe();
    sweep();
    count(42, { out: 1090, again: 20 });
    sweep();
    expect(messages()).toEqual([
      {
        type: 'network_issue',
        pod_uid: UID,
        node_name: 'node-1',
        cgroup: POD,
        timestamp: '2024-03-15T10:30:10.000Z',
        period_seconds: 10,
        symptom: 'retransmits',
        failure_percentage: 10,
        failed: 10,
        attempted: 100,
        source: 'kernel-gossip-observer',
        provenance: 'measured',
        ended: false,
      },
    ]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
    expect(source?.stats()).toMatchObject({ pods: 1, sampled: 1, hostNetwork: 0, unread: 0, troubled: 1 });
    expect(readings()).toMatchObject([
      { path: POD, counters: { TcpOutSegs: 1090, UdpInErrors: null }, interfaces: [{ name: 'eth0' }] },
    ]);
    known = [];
    sweep();
    expect(messages()[1]).toEqual({ ...messages()[0], ended: true });
    expect(sent.map(({ isSummary }) => isSummary)).toEqual([false, false]);
  });

  it('does not take a runtime’s monitor in the pod’s slice for the pod', () => {
    inhabit(`${POD}/crio-conmon-${ID}.scope`, 1);
    inhabit(`${CONTAINER}/container`, 42);
    count(42);
    observe();
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 1, hostNetwork: 0 });
  });

  it('says once that processes are not visible from here, and again when it is so again', () => {
    inhabit(CONTAINER, 0, 0);
    observe();
    for (let round = 0; round < 3; round += 1) sweep();
    expect(source?.stats()).toMatchObject({ sampled: 0, unread: 1 });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('not visible');
    inhabit(CONTAINER, 42);
    count(42);
    sweep();
    inhabit(CONTAINER, 0);
    sweep();
    expect(warnings).toHaveLength(2);
  });

  it('says once that counters cannot be read', () => {
    inhabit(CONTAINER, 42);
    observe();
    sweep();
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 0, unread: 1 });
    expect(warnings).toEqual(['network counters of pods cannot be read']);
    expect(readings()).toEqual([]);
  });

  it('measures nothing where it cannot tell the machine’s network from a pod’s', () => {
    rmSync(join(root, 'proc/1'), { recursive: true });
    inhabit(CONTAINER, 42);
    count(42);
    observe();
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 0, unread: 1 });
    expect(warnings[0]).toContain('machine’s own network namespace is not known');
  });

  it('leaves out a pod with the machine’s network', () => {
    inhabit(CONTAINER, 1);
    observe();
    sweep();
    expect(source?.stats()).toMatchObject({ sampled: 0, hostNetwork: 1, unread: 0 });
    expect(readings()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('reads the large file only when something moved', () => {
    inhabit(CONTAINER, 42);
    count(42, { in: 5, drops: 1 });
    observe();
    sweep();
    count(42, { in: 5, drops: 2 });
    sweep();
    expect(readings()).toMatchObject([{ counters: { TcpExtListenDrops: 1, TcpInSegs: 5 } }]);
    count(42, { in: 6, drops: 3 });
    sweep();
    expect(readings()).toMatchObject([{ counters: { TcpExtListenDrops: 3, TcpInSegs: 6 } }]);
  });

  it('does not compare counters of one namespace with those of another', () => {
    inhabit(CONTAINER, 42);
    count(42);
    observe();
    sweep();
    renameSync(join(root, 'proc/42'), join(root, 'proc/43'));
    count(42, { out: 900, again: 100 });
    sweep();
    expect(messages()).toEqual([]);
    count(42, { out: 1800, again: 200 });
    sweep();
    expect(messages()).toMatchObject([{ failed: 100, attempted: 1000 }]);
  });

  it('takes a container of no pod for one where it is told to', () => {
    known = [`/docker/${ID}`, '/system.slice/nginx.service'];
    for (const group of known) inhabit(group, 42);
    count(42);
    observe(true);
    sweep();
    count(42, { out: 90, again: 10 });
    sweep();
    expect(messages()).toMatchObject([
      { namespace: 'docker', pod_name: 'docker-0123456789ab', container_id: ID },
    ]);
    expect(isRight(decodeObservation(messages()[0]))).toBe(true);
  });

  it('reads every pod once in an interval, an even part of them at a time', () => {
    vi.useFakeTimers();
    known = Array.from({ length: 25 }, (_, index) => `/kubepods/pod${UID.slice(0, -2)}${10 + index}`);
    known.forEach((path, index) => {
      inhabit(`${path}/${ID}`, 100 + index);
      count(100 + index);
    });
    observe().start((outgoing) => sent.push(outgoing));
    const perRound: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      perRound.push(readings().filter(({ atMs }) => atMs === nowMs).length);
      nowMs += 1000;
      vi.advanceTimersByTime(1000);
    }
    expect(perRound.every((read) => read === 2 || read === 3)).toBe(true);
    expect(perRound.slice(0, 10).reduce((sum, read) => sum + read)).toBe(25);
    expect(perRound.slice(10)).toEqual(perRound.slice(0, 10));
    source?.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(source?.stats()).toMatchObject({ pods: 0 });
  });
});
