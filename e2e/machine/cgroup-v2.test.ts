import { beforeAll, describe, expect, it } from 'vitest';
import { runInGuest } from '../src/guest/guest.ts';
import type { CgroupV2 } from '../src/guest/programs/cgroup-v2.ts';
import { CONTAINER_ID, containerPath, POD_UID, type Counters } from '../src/guest/programs/groups.ts';
import type { Told } from '../src/guest/programs/observed.ts';
import { packageEntries } from '../src/guest/sources.ts';
import { programEntries } from '../src/guest/system.ts';
import { kgtraceBinary } from '../src/kgtrace.ts';

const microseconds = (seconds: number | null | undefined): number => Math.round((seconds ?? NaN) * 1e6);

const countersIn = ({ message }: Told): Counters => ({
  nrPeriods: message.nr_periods ?? NaN,
  nrThrottled: message.nr_throttled ?? NaN,
  throttledUs: microseconds(message.throttled_seconds),
});

const sum = (all: readonly Counters[]): Counters =>
  all.reduce(
    (total, { nrPeriods, nrThrottled, throttledUs }) => ({
      nrPeriods: total.nrPeriods + nrPeriods,
      nrThrottled: total.nrThrottled + nrThrottled,
      throttledUs: total.throttledUs + throttledUs,
    }),
    { nrPeriods: 0, nrThrottled: 0, throttledUs: 0 },
  );

const present = <T>(value: T | null): readonly T[] => (value === null ? [] : [value]);

/** Where nothing was counted since the last message, the end repeats it. */
const withoutRepeat = (told: readonly Told[]): readonly Told[] =>
  told.filter(({ message }, index) => message.timestamp !== told[index - 1]?.message.timestamp);

/** Where nothing was counted while the sample was taken, there is only one value that the figure may have. */
function expectWhatTheKernelCounted(told: readonly Told[]): void {
  const counters = ['nrPeriods', 'nrThrottled', 'throttledUs'] as const;
  for (const one of told) {
    for (const counter of counters) {
      expect(countersIn(one)[counter]).toBeGreaterThanOrEqual(one.bounds?.least[counter] ?? NaN);
      expect(countersIn(one)[counter]).toBeLessThanOrEqual(one.bounds?.most[counter] ?? NaN);
    }
  }
}

/** Of 100 ms each, in the samples of 250 ms that the guest's observer takes. */
const PERIODS_OF_A_SAMPLE = 3;

/** Of those that make a container (Linux: arch/x86/entry/syscalls/syscall_64.tbl). */
const X64_NUMBERS = {
  read: 0,
  clone: 56,
  execve: 59,
  pivot_root: 155,
  mount: 165,
  futex: 202,
  openat: 257,
  unshare: 272,
  clone3: 435,
} as const;

describe('on a kernel with cgroup version 2', () => {
  let found: CgroupV2;
  beforeAll(async () => {
    const entries = [
      ...packageEntries(['e2e']),
      ...(await programEntries(await kgtraceBinary(), 'bin/kgtrace')),
    ];
    const program = 'e2e/src/guest/programs/cgroup-v2.ts';
    found = (await runInGuest({ program, entries, timeoutSeconds: 240 })) as CgroupV2;
  });

  it('finds the hierarchy', () => {
    expect(found.kernel).toMatch(/^6\.1\.\d+-\d+-cloud-amd64$/);
    expect(found.hierarchy).toMatchObject({ version: 2, cpu: '/sys/fs/cgroup' });
  });

  describe('a container throttled by its own quota', () => {
    it('is told of by the UID and the id in its path', () => {
      expect(found.throttledContainer.told[0]?.message).toMatchObject({
        pod_uid: POD_UID,
        container_id: CONTAINER_ID,
        limit_cores: 0.2,
        provenance: 'measured',
        ended: false,
      });
      expect(found.throttledContainer.told.at(-1)?.message).toMatchObject({ ended: true, limit_cores: 0.2 });
    });

    it('is told of with what the kernel counted between the samples', () => {
      expectWhatTheKernelCounted(found.throttledContainer.told);
    });

    it('is told of without a throttled period left out or told twice', () => {
      const { told, atFirst, atLast } = found.throttledContainer;
      const all = sum([...withoutRepeat(told).map(countersIn), ...present(atFirst)]);
      expect(atLast?.nrThrottled).toBeGreaterThan(0);
      expect(all).toMatchObject({ nrThrottled: atLast?.nrThrottled, throttledUs: atLast?.throttledUs });
      // What ran before the first sample with throttling in it is not part of the episode.
      expect(all.nrPeriods).toBeLessThanOrEqual(atLast?.nrPeriods ?? 0);
      expect(all.nrPeriods).toBeGreaterThanOrEqual((atLast?.nrPeriods ?? 0) - PERIODS_OF_A_SAMPLE);
    });
  });

  describe('a container throttled by the quota of its pod', () => {
    it('is told of as the pod', () => {
      for (const { message } of found.throttledPod) {
        expect(message).toMatchObject({ pod_uid: POD_UID });
        expect(message).not.toHaveProperty('container_id');
      }
      expect(found.throttledPod.at(-1)?.message).toMatchObject({ ended: true, limit_cores: null });
    });

    it('is told of with what the kernel counted between the samples', () => {
      expectWhatTheKernelCounted(found.throttledPod);
    });
  });

  it('tells of containers that live 300 ms what the kernel counted between the samples', () => {
    const ended = found.shortLives.filter(({ message }) => message.ended);
    expect(sum(ended.map(countersIn)).nrThrottled).toBeGreaterThan(0);
    expectWhatTheKernelCounted(found.shortLives);
  });

  it('reads of a group at rest what the kernel has counted, and of one that is gone nothing', () => {
    const { reading, counters, whenGone } = found.vanishing;
    expect(counters?.nrThrottled).toBeGreaterThanOrEqual(5);
    expect(reading).toMatchObject({ ...counters, limit: { quotaUs: 20_000, periodUs: 100_000 } });
    expect(whenGone).toBe('gone');
  });

  describe('a child that is killed for want of memory', () => {
    it('is counted at its container and, inherited, at the pod, and its container lives on', () => {
      const { container, pod, podLocal, survived } = found.outOfMemory;
      expect(container).toMatch(/^oom_kill 1$/m);
      expect(pod).toMatch(/^oom_kill 1$/m);
      expect(podLocal).toMatch(/^oom_kill 0$/m);
      expect(survived).toBe(true);
    });

    it('is told once, of the container', () => {
      const kills = found.outOfMemory.told.filter(({ oom_kills }) => (oom_kills ?? 0) > 0);
      expect(kills).toHaveLength(1);
      expect(kills[0]).toMatchObject({
        oom_kills: 1,
        pod_uid: POD_UID,
        container_id: CONTAINER_ID,
        memory_limit_bytes: 19_996_672,
      });
    });
  });

  it('has pressure files, in which throttling shows as CPU pressure', () => {
    const line = /^some avg10=\d+\.\d\d avg60=\d+\.\d\d avg300=\d+\.\d\d total=\d+$/m;
    for (const text of Object.values(found.pressure)) expect(text).toMatch(line);
    expect(found.pressure.cpu).toMatch(/^some .* total=[1-9]\d*$/m);
  });

  describe('the birth of a container', () => {
    const linesOf = (t: string) => found.birth.lines.filter((line) => line.t === t);
    const ends = () => linesOf('counts').filter(({ why }) => why === 'end');

    it('begins with the runtime, which is counted from its first instruction', () => {
      const [runtime] = linesOf('exec');
      expect(runtime).toMatchObject({ pid: found.birth.runc.pid, comm: 'runc', parent: 0, counted: true });
      expect(runtime?.argv?.slice(0, 2)).toEqual(['/bin/runc', 'run']);
      expect(found.birth.runc.code).toBe(7);
    });

    it('has one entry, with its own namespaces and the path of its cgroup', () => {
      const [entry, ...others] = linesOf('entry');
      expect(others).toEqual([]);
      expect(entry).toMatchObject({ cgroup: containerPath(POD_UID, CONTAINER_ID), comm: 'sh', vpid: 1 });
      const own = Object.entries(entry?.ns ?? {}).filter(([kind, inode]) => entry?.host_ns?.[kind] !== inode);
      expect(own.map(([kind]) => kind).toSorted()).toEqual(['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']);
    });

    it('makes its cgroup under its pod', () => {
      const [mkdir] = linesOf('mkdir').filter(({ path }) => path === containerPath(POD_UID, CONTAINER_ID));
      expect(mkdir).toMatchObject({ hierarchy: 0, id: linesOf('entry')[0]?.cgroup_id });
      expect(mkdir?.slot).toBe(linesOf('exec')[0]?.slot);
    });

    it('took as many system calls as the kernel’s own trace has of the same processes', () => {
      const { trace } = found.birth;
      const traced = Object.values(trace.by).reduce((total, count) => total + count, 0);
      expect(trace.lost).toBe(0);
      expect(traced).toBeGreaterThan(1000);
      expect(ends().reduce((total, line) => total + (line.total ?? NaN), 0)).toBe(traced);
      for (const [name, number] of Object.entries(X64_NUMBERS)) {
        const told = ends().reduce((total, { by }) => total + (by?.[name] ?? 0), 0);
        expect(`${name}: ${told}`).toBe(`${name}: ${trace.by[number] ?? 0}`);
      }
    });

    it('lost nothing, and ends with its reader', () => {
      expect(linesOf('stats').at(-1)).toMatchObject({ lost: 0, refused: 0 });
      expect(ends().every(({ counted }) => counted === true)).toBe(true);
      expect(found.birth.code).toBe(0);
    });
  });

  it('samples a group at rest with what the kernel has counted', () => {
    const { sampled, counted } = found.birth;
    expect(counted?.nrThrottled).toBeGreaterThanOrEqual(5);
    expect(sampled).toMatchObject({ nrPeriods: counted?.nrPeriods, nrThrottled: counted?.nrThrottled });
    // The kernel keeps nanoseconds and prints whole microseconds.
    expect(Math.floor((sampled?.throttledNs ?? NaN) / 1000)).toBe(counted?.throttledUs);
  });
});
