import { readFileSync } from 'node:fs';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { BirthAssembler } from '../src/births/assembler.ts';
import { decodeLine, type TraceLine } from '../src/births/line.ts';
import { toPodCreation, type PodCreationMessage } from '../src/births/observation.ts';

/** What the tracer really said while these were born; lines about other groups are left out. */
const recording = (name: string): readonly TraceLine[] =>
  readFileSync(new URL(`fixtures/${name}.ndjson`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map(decodeLine)
    .filter((line) => typeof line !== 'string');

const SENDER = { nodeName: 'node-1', source: 'kernel-gossip-observer' };

/** The last message about each pod, by its key. */
function told(lines: readonly TraceLine[], localNames: boolean) {
  const assembler = new BirthAssembler();
  const messages = new Map<string, PodCreationMessage>();
  for (const line of lines) {
    assembler.take(line);
    for (const pod of assembler.takeChanged()) {
      const message = toPodCreation(pod, localNames, SENDER);
      if (message !== null) messages.set(pod.key, message);
    }
  }
  return { messages: [...messages.values()], stats: assembler.stats() };
}

/**
 * System calls by the recording itself: those of all programs that ended but those that end containers, and what the shim,
 * which did not end, had made when the last container entered.
 */
function totalOf(lines: readonly TraceLine[]): number {
  const execs = lines.filter((line) => line.t === 'exec');
  const others = execs.filter(
    ({ argv, parent, comm }) =>
      argv.some((argument) => ['delete', 'kill', 'state'].includes(argument)) ||
      (comm === 'containerd-shim' && parent !== 0),
  );
  const leftOut = new Set(others.map(({ slot }) => slot));
  const counts = lines.filter((line) => line.t === 'counts');
  const ended = counts.filter(({ why, slot }) => why === 'end' && !leftOut.has(slot));
  const shim = counts.findLast(({ why }) => why === 'entry');
  return ended.reduce((sum, { total }) => sum + (total ?? NaN), shim?.total ?? NaN);
}

describe('a recorded pod with an init container and a sidecar', () => {
  const lines = recording('births-pod');
  const { messages, stats } = told(lines, false);
  const [message] = messages;

  it('has every figure, and its parts make the whole', () => {
    expect(stats).toMatchObject({ open: 0, complete: 4, incomplete: 0, unowned: 0, lostEvents: 0 });
    expect(messages).toHaveLength(1);
    expect(message).toMatchObject({
      pod_uid: '7b365d1a-4fe2-4ab4-a047-b1fee9b76935',
      total_syscalls: 21_817,
      namespaces_created: 11,
      cgroups_created: 50,
      cgroup_writes: 106,
      mounts: 227,
      network_links: 2,
      network_routes: 1,
      iptables_rules: 0,
      lost_events: 0,
      incomplete: null,
      provenance: 'measured',
    });
    expect(message).not.toHaveProperty('pod_name');
    for (const { programs, total_syscalls: total } of message!.containers)
      expect(programs!.reduce((sum, program) => sum + program.total_syscalls!, 0)).toBe(total);
  });

  it('counts each program once, by the sum over the recording', () => {
    expect(message!.total_syscalls).toBe(totalOf(lines));
  });

  it('tells sandbox and containers apart, and which namespaces each has for itself', () => {
    expect(message!.containers.map(({ role, namespaces, program }) => [role, namespaces, program])).toEqual([
      ['sandbox', ['mnt', 'pid', 'net', 'ipc', 'uts'], '/bin/sleep 2147483647'],
      [undefined, ['mnt', 'pid'], 'sh -c sleep 1'],
      [undefined, ['mnt', 'pid'], 'sh -c sleep 1000'],
      [undefined, ['mnt', 'pid'], 'sh -c sleep 1000'],
    ]);
  });

  it('has its steps in the order of time, with their lengths', () => {
    const ofSandbox = message!.timeline.filter(({ timestamp_ms: at }) => at < 320);
    expect(ofSandbox.map(({ actor, action }) => `${actor}: ${action}`)).toEqual([
      "kernel: make the pod's cgroup",
      'cni: run the network plugin loopback',
      'cni: run the network plugin bridge',
      'runtime: start the shim',
      'runtime: create the sandbox',
      'runtime: prepare the sandbox',
      'runtime: start the sandbox',
      'kernel: execute its first program',
    ]);
    expect(ofSandbox[2]).toMatchObject({ timestamp_ms: 38.928, duration_ms: 104.429, resolution_ms: 0.001 });
    const times = message!.timeline.map(({ timestamp_ms: at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(message!.duration_ms).toBe(times.at(-1));
  });

  it('is what the operator decodes', () => {
    expect(isRight(decodeObservation(message))).toBe(true);
  });
});

describe('two recorded pods that are born at the same time', () => {
  const lines = recording('births-two-pods');
  const { messages } = told(lines, false);

  it('do not mix', () => {
    expect(messages.map(({ pod_uid: uid, total_syscalls: total }) => [uid?.slice(0, 8), total])).toEqual([
      ['3205145b', 6638],
      ['c8bca103', 6705],
    ]);
    const ids = messages.map(({ timeline }) => new Set(timeline.map(({ container_id: id }) => id)));
    expect([...ids[0]!].filter((id) => id !== undefined && ids[1]!.has(id))).toEqual([]);
  });

  it('are told with what is missing where events were lost', () => {
    const first = lines.findIndex((line) => line.t === 'entry');
    const withLoss = lines.map((line, index) =>
      line.t === 'stats' && index > first ? { ...line, lost: 3, refused: 1 } : line,
    );
    for (const message of told(withLoss, false).messages) {
      expect(message).toMatchObject({ total_syscalls: null, cgroup_writes: null, lost_events: 4 });
      expect(message.incomplete).toBe('events were lost');
      expect(message.containers[0]).toMatchObject({
        total_syscalls: null,
        namespaces: ['mnt', 'pid', 'net', 'ipc', 'uts'],
      });
    }
  });
});

describe('recorded containers that a person started', () => {
  const lines = recording('births-runc');

  it('are told under names of their own, and only where such are wanted', () => {
    const { messages } = told(lines, true);
    expect(messages.map(({ namespace, pod_name: name }) => `${namespace}/${name}`)).toEqual([
      'cgroup/kernel-gossip-test-a',
      'cgroup/kernel-gossip-test-b',
    ]);
    expect(messages.every((message) => isRight(decodeObservation(message)))).toBe(true);
    expect(told(lines, false).messages).toEqual([]);
  });

  it('have no sum where counting began after their first process, and one where it did not', () => {
    const [first, second] = told(lines, true).messages;
    expect(first).toMatchObject({
      total_syscalls: null,
      namespaces_created: 5,
      cgroups_created: 10,
      incomplete: 'counting began after its first process',
    });
    expect(first!.containers[0]!.programs).toMatchObject([
      { role: 'create', total_syscalls: null },
      { role: 'init', runs: 2, total_syscalls: 1268 },
    ]);
    expect(second).toMatchObject({ total_syscalls: 2645, cgroups_created: 10, incomplete: null });
    expect(second!.containers[0]).not.toHaveProperty('container_id');
  });
});
