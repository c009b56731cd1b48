import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { BirthAssembler } from './assembler.ts';
import type { TraceLine } from './line.ts';
import { toPodCreation, type PodCreationMessage } from './observation.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d1';
const SENDER = { nodeName: null, source: 'test' };
const idOf = (container: number): string => String(container).repeat(64).slice(0, 64);
const groupOf = (container: number): string => `/kubepods/pod${UID}${container}/${idOf(container)}`;
const CLOCK: TraceLine = { t: 'clock', boot_us: 0, wall_us: 1_710_498_600_000_000 };
const HOST = { mnt: 1, pid: 1, net: 1 };

const exec = (slot: number, parent: number, command: string, at = slot): TraceLine => ({
  t: 'exec',
  at,
  slot,
  parent,
  comm: 'runc',
  argv: command.split(' '),
});
const counts = (slot: number, why: 'end' | 'entry', calls: number, more: object = {}): TraceLine => ({
  t: 'counts',
  at: slot + 50,
  slot,
  why,
  total: calls,
  by: { read: calls },
  cgroup_writes: 0,
  links: 0,
  routes: 0,
  nft_rules: 0,
  xt_replaces: 0,
  ...more,
});
const entry = (slot: number, container: number, more: object = {}): TraceLine => ({
  t: 'entry',
  at: slot + 40,
  slot,
  comm: 'app',
  argv: ['/app'],
  cgroup: groupOf(container),
  ns: { mnt: container + 1, pid: container + 1, net: 2 },
  host_ns: HOST,
  ...more,
});
const stats = (at: number, lost = 0): TraceLine => ({ t: 'stats', at, lost, refused: 0 });

/** The birth of a sandbox under a shim of its own, its slots numbered from `base`; it makes 100 calls and `extra`. */
const birth = (container: number, base: number, extra = 0): readonly TraceLine[] => [
  exec(base, 0, `containerd-shim-runc-v2 -namespace k8s.io -id ${idOf(container)} start`),
  exec(base + 1, base, `containerd-shim-runc-v2 -namespace k8s.io -id ${idOf(container)}`),
  counts(base, 'end', 10),
  exec(base + 2, base + 1, `runc create --bundle /b ${idOf(container)}`),
  { t: 'mkdir', at: base + 2, path: groupOf(container), id: 1, hierarchy: 0, slot: base + 2 },
  exec(base + 3, base + 2, 'runc init'),
  counts(base + 2, 'end', 20),
  exec(base + 4, base + 1, `runc start ${idOf(container)}`),
  entry(base + 3, container),
  counts(base + 3, 'end', 30 + extra),
  counts(base + 1, 'entry', 35),
  counts(base + 4, 'end', 5),
];

function tell(lines: readonly TraceLine[], assembler = new BirthAssembler()) {
  const messages = new Map<string, PodCreationMessage>();
  for (const line of lines) {
    assembler.take(line);
    for (const pod of [...assembler.takeChanged(), ...assembler.takeDropped()]) {
      const message = toPodCreation(pod, false, SENDER);
      if (message !== null) messages.set(pod.key, message);
    }
  }
  return { messages: [...messages.values()], stats: assembler.stats() };
}

describe('births put together', () => {
  it('are complete when all of their programs have been counted', () => {
    const lines = [CLOCK, ...birth(1, 1)];
    expect(tell(lines.slice(0, -1)).messages).toEqual([]);
    expect(tell(lines).messages).toMatchObject([
      { pod_uid: `${UID}1`, total_syscalls: 100, namespaces_created: 3, incomplete: null },
    ]);
  });

  it('do not mix, however they are interleaved', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.boolean()), fc.nat(1000), (turns, extra) => {
        const [one, two] = [[...birth(1, 1)], [...birth(2, 100, extra)]];
        const mixed: TraceLine[] = [CLOCK];
        while (one.length + two.length > 0) {
          const isFirst = two.length === 0 || (one.length > 0 && turns.next().value === true);
          const from = isFirst ? one : two;
          // What an entry is followed by belongs to it.
          const count = from[0]?.t === 'entry' ? 3 : 1;
          mixed.push(...from.splice(0, count));
        }
        const { messages } = tell(mixed);
        const totals = new Map(messages.map(({ pod_uid: uid, total_syscalls: total }) => [uid, total]));
        expect(totals).toEqual(
          new Map([
            [`${UID}1`, 100],
            [`${UID}2`, 100 + extra],
          ]),
        );
      }),
    );
  });

  it('say that they are incomplete where events were lost, and never a lower number', () => {
    const whole = [CLOCK, stats(0), ...birth(1, 1)];
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 3 }), fc.integer({ min: 1, max: 9 }), (at, lost) => {
        const missing = whole.filter((_, index) => index !== at + 2);
        const { messages } = tell([...missing, stats(1e6, lost), stats(70e6, lost)]);
        for (const { total_syscalls: total, incomplete } of messages) {
          expect(total).toBeNull();
          expect(incomplete).not.toBeNull();
        }
      }),
    );
  });

  it('take any lines at all, and what they tell can be decoded', () => {
    const slot = fc.integer({ min: 0, max: 6 });
    const at = fc.integer({ min: 0, max: 100_000_000 });
    const container = fc.integer({ min: 1, max: 2 });
    const command = fc.oneof(
      fc.constantFrom('runc init', 'true', 'runc', `runc run web`),
      container.map((number) => `containerd-shim -id ${idOf(number)} start`),
      container.map((number) => `containerd-shim -id ${idOf(number)}`),
      container.map((number) => `runc create ${idOf(number)}`),
    );
    const line: fc.Arbitrary<TraceLine> = fc.oneof(
      fc.constant(CLOCK),
      fc.tuple(slot, slot, command, at).map((given) => exec(...given)),
      fc.tuple(slot, container, at).map(([number, whose, when]) => entry(number, whose, { at: when })),
      fc
        .tuple(slot, fc.boolean(), fc.nat(99), at)
        .map(([number, isEnd, calls, when]) => counts(number, isEnd ? 'end' : 'entry', calls, { at: when })),
      fc.tuple(at, fc.nat(3)).map((given) => stats(...given)),
      fc
        .tuple(fc.constantFrom('mkdir' as const, 'rmdir' as const), container, fc.boolean(), slot, at)
        .map(([t, whose, isPod, by, when]): TraceLine => {
          const path = isPod ? groupOf(whose).replace(/\/[^/]*$/, '') : groupOf(whose);
          return { t, at: when, path, id: 1, hierarchy: 0, slot: by };
        }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.nat(60), (lines, interruptedAt) => {
        const assembler = new BirthAssembler({ pods: 2, birthsPerPod: 2, births: 3, slots: 5 });
        lines.forEach((one, index) => {
          if (index === interruptedAt) assembler.interrupt('the tracer ended');
          const { messages } = tell([one], assembler);
          expect(messages.filter((message) => !isRight(decodeObservation(message)))).toEqual([]);
        });
        expect(assembler.stats().pods).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a birth', () => {
  it('gets of its shim what no earlier entry had', () => {
    const second = [
      exec(20, 2, `runc create --bundle /b ${idOf(3)}`),
      exec(21, 20, 'runc init'),
      counts(20, 'end', 1),
      entry(21, 3, { cgroup: groupOf(1).replace(idOf(1), idOf(3)) }),
      counts(21, 'end', 1),
      counts(2, 'entry', 42),
    ];
    const { messages } = tell([CLOCK, ...birth(1, 1), ...second]);
    expect(messages[0]?.containers[1]).toMatchObject({ total_syscalls: 9, namespaces: ['mnt', 'pid'] });
  });

  it('gets nothing of what its shim did for an exec into another container', () => {
    const probe = [
      exec(20, 2, `runc exec --process /p ${idOf(1)}`),
      exec(21, 20, 'runc init'),
      entry(21, 1),
      counts(2, 'entry', 77),
    ];
    const second = [
      exec(30, 2, `runc create ${idOf(3)}`),
      exec(31, 30, 'runc init'),
      counts(30, 'end', 1),
      entry(31, 3, { cgroup: groupOf(1).replace(idOf(1), idOf(3)) }),
      counts(31, 'end', 1),
      counts(2, 'entry', 80),
    ];
    const { messages } = tell([CLOCK, ...birth(1, 1), ...probe, ...second]);
    expect(messages[0]?.containers.map(({ total_syscalls: total }) => total)).toEqual([100, 5]);
  });

  it('whose create fails is told with the reason', () => {
    const lines = birth(1, 1).slice(0, 5);
    const failed = [...lines, counts(3, 'end', 20, { exit: 1 }), stats(2e6)];
    expect(tell([CLOCK, ...failed]).messages[0]?.containers[0]).toMatchObject({
      entered_at: null,
      program: null,
      incomplete: 'runc ended with code 1 before its own program ran',
    });
  });

  it('that comes to nothing is told after a minute, and again should it go on', () => {
    const lines = [CLOCK, ...birth(1, 1)];
    const assembler = new BirthAssembler();
    const waiting = tell([...lines.slice(0, 8), stats(61e6)], assembler);
    expect(waiting.messages[0]?.incomplete).toBe('its own program did not run within 60 s');
    expect(waiting.messages[0]?.containers[0]).toMatchObject({ entered_at: null, total_syscalls: null });
    const later = tell(lines.slice(8), assembler);
    expect(later.messages[0]?.containers[0]?.entered_at).not.toBeNull();
    expect(later.messages[0]?.total_syscalls).toBeNull();
  });

  it('during which the tracer ended is incomplete, and has no sum', () => {
    const assembler = new BirthAssembler();
    tell([CLOCK, ...birth(1, 1).slice(0, 6)], assembler);
    assembler.interrupt('the tracer ended meanwhile');
    const { messages } = tell([stats(0)], assembler);
    expect(messages[0]).toMatchObject({
      total_syscalls: null,
      lost_events: null,
      incomplete: 'the tracer ended meanwhile',
    });
  });

  it('under a shim that nobody saw start has no sum', () => {
    const lines = birth(1, 1).filter((line) => !('slot' in line) || ![1, 2].includes(line.slot ?? 0));
    const { messages } = tell([CLOCK, ...lines]);
    expect(messages[0]).toMatchObject({ total_syscalls: null });
    expect(messages[0]?.containers[0]?.incomplete).toContain('its shim had been running before the tracer');
  });

  it('in which programs start each other without end is incomplete, and stays small', () => {
    const chain = Array.from({ length: 100 }, (_, index) => exec(index + 200, index + 199, 'sh -c loop'));
    const lines = [...birth(1, 1).slice(0, 4), exec(199, 3, 'sh -c loop'), ...chain];
    const { messages } = tell([CLOCK, ...lines, ...birth(1, 1).slice(4), stats(7e6)]);
    expect(messages[0]?.total_syscalls).toBeNull();
    expect(messages[0]?.incomplete).toContain('more than 64 programs started each other');
  });

  it.each([
    ['a rule added by a message', 'iptables -A INPUT', { nft_rules: 2, exit: 0 }, 2],
    ['a rule added to a whole table', 'iptables -w -I INPUT', { xt_replaces: 1, exit: 0 }, 1],
    ['a rule that was refused', 'iptables -A INPUT', { xt_replaces: 1, exit: 1 }, 0],
    ['a chain added to a whole table', 'iptables -N CHAIN', { xt_replaces: 1, exit: 0 }, 0],
    ['whole tables that were replaced', 'iptables-restore', { xt_replaces: 1, exit: 0 }, null],
    ['a list of rules', 'iptables -S', { exit: 0 }, 0],
  ])('counts %s', (_, command, more, rules) => {
    const network: TraceLine = {
      t: 'exec',
      at: 0,
      slot: 90,
      parent: 0,
      comm: 'bridge',
      argv: ['/opt/cni/bin/bridge'],
      env: { CNI_COMMAND: 'ADD', CNI_CONTAINERID: idOf(1) },
    };
    const added = [network, exec(91, 90, command), counts(91, 'end', 7, more), counts(90, 'end', 3)];
    const [message] = tell([CLOCK, ...added, ...birth(1, 1)]).messages;
    expect(message?.iptables_rules).toBe(rules);
    expect(message?.total_syscalls).toBe(110);
    expect(message?.containers[0]?.programs?.[0]).toMatchObject({
      name: 'bridge',
      runs: 1,
      total_syscalls: 10,
    });
  });
});

describe('a pod', () => {
  it('is forgotten with its cgroup, and told once more where a birth was still open', () => {
    const removed: TraceLine = {
      t: 'rmdir',
      at: 9e6,
      path: groupOf(1).replace(/\/[^/]*$/, ''),
      id: 1,
      hierarchy: 0,
    };
    const { messages, stats: after } = tell([CLOCK, ...birth(1, 1).slice(0, 7), removed]);
    expect(messages[0]?.incomplete).toBe('its cgroup was removed before its birth was over');
    expect(after).toMatchObject({ pods: 0, open: 0 });
  });

  it('gives way to later ones, which is counted', () => {
    const assembler = new BirthAssembler({ pods: 1, birthsPerPod: 1, births: 9, slots: 99 });
    expect(tell([CLOCK, ...birth(1, 1), ...birth(2, 100)], assembler).stats).toMatchObject({
      pods: 1,
      forgotten: 1,
    });
  });
});
