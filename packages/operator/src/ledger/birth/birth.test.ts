import fc from 'fast-check';
import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decode, PodBirthCertificateSpec, PodCreation } from 'kernel-gossip-types';
import type { PodBirth } from '../../cluster/pod-births.ts';
import { laterTimes, podTimes } from '../../cluster/pod-times.ts';
import type { PodIdentity } from '../evidence.ts';
import { birthOnCertificate } from './birth-on-certificate.ts';
import type { Birth } from './birth-parts.ts';
import { composeCertificate } from './compose-certificate.ts';
import { goDuration, pulledIn } from './image-pull.ts';
import { joinBirths } from './join-births.ts';
import { kernelPart } from './kernel-part.ts';
import { kubernetesPart } from './kubernetes-part.ts';
import { momentOf, textOfMoment } from './moment.ts';

const UID = '0123abcd-0000-4000-8000-000000000001';
const POD: PodIdentity = { namespace: 'shop', name: 'web-1', uid: UID };
const id = (digit: string): string => digit.repeat(64);
const [SANDBOX, SETUP, PROXY, APP, APP_AGAIN] = ['1', '2', '3', '4', '5'].map(id) as [
  string,
  string,
  string,
  string,
  string,
];

const ZERO = Date.parse('2026-01-01T00:00:00.400Z');
const at = (ms: number): string => new Date(ZERO + ms).toISOString().replace('Z', '250Z');

const container = (containerId: string, from: number, changes: object = {}): object => ({
  container_id: containerId,
  began_at: at(from),
  entered_at: at(from + 50),
  total_syscalls: 100,
  syscalls: [
    { name: 'read', count: 60 },
    { name: 'close', count: 40 },
  ],
  programs: [{ role: 'create', name: 'runc', runs: 1, total_syscalls: 100, duration_ms: 20 }],
  namespaces: ['mnt', 'pid'],
  cgroups_created: 3,
  cgroup_writes: 5,
  mounts: 7,
  network_links: 0,
  network_routes: 0,
  iptables_rules: 0,
  ...changes,
});

const step = (ms: number, containerId: string, changes: object = {}): object => ({
  timestamp_ms: ms,
  actor: 'runtime',
  action: 'create the container',
  duration_ms: 20.125,
  resolution_ms: 0.001,
  clock: 'node',
  source: 'kgtrace',
  container_id: containerId,
  ...changes,
});

const SANDBOX_BIRTH = container(SANDBOX, 0, {
  namespaces: ['net', 'ipc'],
  iptables_rules: 3,
  role: 'sandbox',
});
const CONTAINERS = [
  SANDBOX_BIRTH,
  container(SETUP, 100),
  container(PROXY, 300),
  container(APP, 400),
  container(APP_AGAIN, 9000),
];
const STEPS = [
  step(0, SANDBOX),
  step(40, SANDBOX, { actor: 'cni', action: 'run the network plugin bridge', duration_ms: 30 }),
  step(100, SETUP),
  step(300, PROXY),
  step(400, APP),
  step(9000, APP_AGAIN),
];

const decoded = <A>(result: ReturnType<typeof decode<A>>): A => {
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

/** What a source sends when it has seen so many containers. */
const told = (seen: number, changes: object = {}): Birth => {
  const observation = decoded(
    decode(PodCreation, {
      type: 'pod_creation',
      pod_uid: UID,
      timestamp: at(seen * 1000),
      began_at: at(0),
      containers: CONTAINERS.slice(0, seen),
      timeline: STEPS.filter((one) =>
        CONTAINERS.slice(0, seen).some(
          (birth) => Reflect.get(birth, 'container_id') === Reflect.get(one, 'container_id'),
        ),
      ),
      lost_events: 0,
      ...changes,
    }),
  );
  const evidence = {
    observation,
    pod: { ...POD, workload: null },
    container: null,
    source: 'kgtrace',
    nodeName: 'n1',
    receivedAtMs: 0,
  };
  return { kernel: kernelPart(evidence), kubernetes: null };
};

const state = (run: object): object => ({ state: run, restartCount: 0 });
const status = (name: string, containerId: string, rest: object): object => ({
  name,
  containerID: `containerd://${containerId}`,
  ...rest,
});

const rawPod = (stage: 'scheduled' | 'ready' | 'restarted'): object => {
  const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
  const running = (second: number): object => state({ running: { startedAt: time(second) } });
  const restarted = {
    restartCount: 1,
    state: { running: { startedAt: time(9) } },
    lastState: {
      terminated: { containerID: `containerd://${APP}`, startedAt: time(1), finishedAt: time(8) },
    },
  };
  const condition = (type: string, second: number): object => ({
    type,
    status: 'True',
    lastTransitionTime: time(second),
  });
  const isUp = stage !== 'scheduled';
  return {
    metadata: { namespace: 'shop', name: 'web-1', uid: UID, creationTimestamp: time(0) },
    spec: {
      nodeName: 'n1',
      initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
      containers: [{ name: 'app' }],
    },
    status: {
      phase: isUp ? 'Running' : 'Pending',
      conditions: [
        condition('PodScheduled', 0),
        ...(isUp
          ? [condition('Initialized', 1), condition('ContainersReady', 2), condition('Ready', 2)]
          : []),
      ],
      ...(isUp
        ? {
            initContainerStatuses: [
              status('setup', SETUP, state({ terminated: { startedAt: time(0), finishedAt: time(1) } })),
              status('proxy', PROXY, running(1)),
            ],
            containerStatuses: [
              stage === 'ready' ? status('app', APP, running(1)) : status('app', APP_AGAIN, restarted),
            ],
          }
        : {}),
    },
  };
};

const podBirth = (...stages: readonly Parameters<typeof rawPod>[0][]): PodBirth => {
  const times = stages
    .map((stage) => podTimes(rawPod(stage)))
    .reduce((before, next) => laterTimes(before, next));
  const names = new Map(
    [SETUP, PROXY, APP, APP_AGAIN].map((one, index) => [one, ['setup', 'proxy', 'app', 'app'][index] ?? '']),
  );
  return {
    pod: {
      ...POD,
      uid: UID,
      nodeName: 'n1',
      workload: null,
      remediation: null,
      labels: {},
      containers: stages.includes('ready') ? names : new Map(),
    },
    times,
    settledForMs: 0,
    exists: true,
  };
};

const SCHEDULED: Birth = { kernel: null, kubernetes: kubernetesPart(podBirth('scheduled'), null) };
const READY: Birth = { kernel: null, kubernetes: kubernetesPart(podBirth('scheduled', 'ready'), null) };
const EVENTS: Birth = {
  kernel: null,
  kubernetes: kubernetesPart(podBirth('scheduled', 'ready'), {
    events: [
      {
        reason: 'Scheduled',
        note: '',
        containerName: null,
        at: '2026-01-01T00:00:00.123456Z',
        resolutionMs: 0.001,
      },
      { reason: 'Pulling', note: '', containerName: 'app', at: '2026-01-01T00:00:01Z', resolutionMs: 1000 },
      {
        reason: 'Pulled',
        note: 'Successfully pulled image "x" in 1.2s (1.3s including waiting). Image size: 3 bytes.',
        containerName: 'app',
        at: '2026-01-01T00:00:02Z',
        resolutionMs: 1000,
      },
    ],
  }),
};

const specOf = (birth: Birth): PodBirthCertificateSpec => {
  const spec = composeCertificate(POD, birth);
  if (spec === null) throw new Error('no certificate');
  return spec;
};

/** What stands after each of these was taken in, one after the other, with nothing remembered but the certificate. */
const filed = (births: readonly Birth[]): PodBirthCertificateSpec | null =>
  births.reduce<PodBirthCertificateSpec | null>(
    (spec, next) =>
      composeCertificate(POD, spec === null ? next : joinBirths(birthOnCertificate(spec), next)) ?? spec,
    null,
  );

describe('a birth certificate', () => {
  it('is the same in whatever order and however often its parts come', () => {
    const all = [told(1), told(2), told(4), told(5), SCHEDULED, READY, EVENTS];
    // What Kubernetes knows of ids comes with each of its parts, as the directory gives it, and so comes last.
    const whole = filed([...all, EVENTS]);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.constantFrom(...all)),
        (once, more) => {
          expect(filed([...once, ...more, EVENTS])).toEqual(whole);
        },
      ),
    );
  });

  it('is what the codec takes, and the same when made again from itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(told(1), told(3), told(5), READY, EVENTS), { minLength: 1 }),
        (births) => {
          const spec = filed([...births, EVENTS]);
          expect(decoded(decode(PodBirthCertificateSpec, JSON.parse(JSON.stringify(spec))))).toEqual(spec);
          expect(filed([birthOnCertificate(spec!), EVENTS])).toEqual(spec);
        },
      ),
    );
  });

  it('tells names and roles by the ids that Kubernetes knows, and the sandbox by being in no status', () => {
    const spec = filed([told(5), READY])!;
    expect(spec.containers?.map(({ role, container_name }) => [role, container_name])).toEqual([
      ['sandbox', null],
      ['init', 'setup'],
      ['sidecar', 'proxy'],
      ['container', 'app'],
      ['restart', 'app'],
    ]);
    expect(spec.timeline?.filter(({ source }) => source === 'kgtrace').map((e) => e.container_name)).toEqual([
      null,
      null,
      'setup',
      'proxy',
      'app',
    ]);
  });

  it('adds up the sandbox and all containers, but no restart', () => {
    expect(filed([told(5), READY])?.kernel_stats).toEqual({
      total_syscalls: 400,
      namespaces_created: 8,
      cgroup_writes: 20,
      iptables_rules: 3,
      total_duration_ms: 450,
      syscalls: null,
      syscall_counts: [
        { name: 'read', count: 240 },
        { name: 'close', count: 160 },
      ],
      namespaces: ['net', 'ipc', 'mnt', 'pid', 'mnt', 'pid', 'mnt', 'pid'],
      cgroups_created: 12,
      mounts: 28,
      network_links: 0,
      network_routes: 0,
      lost_events: 0,
    });
  });

  it('knows a first run as such when it was already gone from the pod as the operator first saw it', () => {
    const spec = filed([told(4), { kernel: null, kubernetes: kubernetesPart(podBirth('restarted'), null) }])!;
    expect(spec.containers?.at(-1)).toMatchObject({ role: 'container', container_name: 'app' });
  });

  it('has no total while a part of it is missing', () => {
    const total = (...births: readonly Birth[]) => filed(births)?.kernel_stats.total_syscalls;
    expect(total(told(3), READY)).toBeNull();
    expect(total(told(4), READY)).toBe(400);
    expect(total(told(4, { containers: CONTAINERS.slice(1, 4) }), READY)).toBeNull();
    const unmeasured = [...CONTAINERS.slice(0, 3), container(APP, 400, { total_syscalls: null })];
    expect(filed([told(4, { containers: unmeasured }), READY])?.kernel_stats).toMatchObject({
      total_syscalls: null,
      cgroup_writes: 20,
    });
    const unborn = [...CONTAINERS.slice(0, 3), container(APP, 400, { entered_at: null })];
    expect(filed([told(4, { containers: unborn }), READY])?.kernel_stats).toMatchObject({
      total_syscalls: null,
      total_duration_ms: null,
    });
  });

  it('leaves a system call out of the sums whose count a cut list does not tell', () => {
    const cut = container(APP, 400, { syscalls: [{ name: 'read', count: 60 }] });
    const spec = filed([told(4, { containers: [...CONTAINERS.slice(0, 3), cut] }), READY]);
    expect(spec?.kernel_stats.syscall_counts).toEqual([{ name: 'read', count: 240 }]);
    const whole = container(APP, 400, { syscalls: [{ name: 'read', count: 100 }] });
    const known = filed([told(4, { containers: [...CONTAINERS.slice(0, 3), whole] }), READY]);
    expect(known?.kernel_stats.syscall_counts?.map(({ count }) => count)).toEqual([280, 120]);
  });

  it('begins when Kubernetes accepted the pod, with the kernel by its own clock', () => {
    const spec = filed([told(4), EVENTS])!;
    expect(spec).toMatchObject({
      began_at: '2026-01-01T00:00:00.000Z',
      kernel_began_at: '2026-01-01T00:00:00.400250Z',
      source: { name: 'kgtrace', node_name: 'n1' },
    });
    expect(
      spec.timeline?.map(({ timestamp_ms, actor, clock, resolution_ms }) => [
        timestamp_ms,
        actor,
        clock,
        resolution_ms,
      ]),
    ).toEqual([
      [0, 'apiserver', 'control-plane', 1000],
      [0, 'kubelet', 'node', 1000],
      [123.456, 'scheduler', 'control-plane', 0.001],
      [400.25, 'runtime', 'node', 0.001],
      [440.25, 'cni', 'node', 0.001],
      [500.25, 'runtime', 'node', 0.001],
      [700.25, 'runtime', 'node', 0.001],
      [800.25, 'runtime', 'node', 0.001],
      [1000, 'kubelet', 'node', 1000],
      [1000, 'kubelet', 'node', 1000],
      [1000, 'kubelet', 'node', 1000],
      [1000, 'kubelet', 'node', 1000],
      [1000, 'kubelet', 'node', 1000],
      [2000, 'kubelet', 'node', 1000],
      [2000, 'kubelet', 'node', 1000],
    ]);
    expect(spec.timeline?.find(({ action }) => action === 'pull the image')).toMatchObject({
      container_name: 'app',
      timestamp_ms: 1000,
      duration_ms: 1200,
    });
  });

  it("is told by Kubernetes' times alone where there is nothing else", () => {
    expect(specOf(READY)).toMatchObject({
      source: { name: 'kubernetes-api', node_name: 'n1' },
      recorded_at: '2026-01-01T00:00:02.000Z',
      kernel_began_at: null,
      containers: null,
      kernel_stats: { total_syscalls: null, total_duration_ms: null, lost_events: null },
    });
  });

  it('says why events are not on it', () => {
    const kubernetes = kubernetesPart(podBirth('scheduled', 'ready'), { missing: 'no right' });
    const spec = filed([{ kernel: null, kubernetes }, READY]);
    expect(spec?.timeline?.[0]?.details).toBe('Events were not read: no right.');
  });

  it('is not made of a restart alone, nor marked by what was missed around one', () => {
    const restart = told(5, {
      containers: CONTAINERS.slice(4),
      timeline: [],
      incomplete: "the beginning of the pod's birth was not seen",
    });
    const known = { ...restart, kubernetes: READY.kubernetes };
    expect(filed([known])).toBeNull();
    expect(filed([told(4), READY, known])).toMatchObject({ incomplete: null });
    const lost = told(4, { incomplete: '3 programs had no room', lost_events: 3 });
    expect(filed([lost, told(4), READY])).toMatchObject({
      incomplete: '3 programs had no room',
      kernel_stats: { lost_events: 3 },
    });
  });

  it('keeps the first restarts of a container that crashes all the time, and is not written for the others', () => {
    const again = Array.from({ length: 12 }, (_, index) =>
      container((index + 20).toString(16).padStart(64, '0'), 9000 + index * 1000),
    );
    const spec = filed([told(5, { containers: [...CONTAINERS.slice(0, 4), ...again] }), READY, READY]);
    expect(spec?.containers?.filter(({ role }) => role === 'restart')).toHaveLength(8);
    expect(spec?.kernel_stats.total_syscalls).toBe(400);
  });

  it('has room for 256 entries, and keeps those that took longest', () => {
    const steps = Array.from({ length: 250 }, (_, index) =>
      step(index, APP, { action: `step ${index}`, duration_ms: index }),
    );
    const birth = told(4, { timeline: steps });
    const spec = filed([birth, EVENTS])!;
    expect(spec.timeline).toHaveLength(256);
    expect(spec.timeline?.some(({ action }) => action === 'step 0')).toBe(false);
    expect(spec.timeline?.some(({ action }) => action === 'report the pod ready')).toBe(true);
    expect(filed([birthOnCertificate(spec), birth, EVENTS])).toEqual(spec);
  });

  it('that was made up has nothing of the real pod on it', () => {
    const made = told(4, { provenance: 'synthetic' });
    const spec = filed([made, EVENTS])!;
    expect(spec.timeline?.every(({ source }) => source === 'kgtrace')).toBe(true);
    expect(filed([EVENTS, made])).toEqual(spec);
  });

  it('told as a whole stands as it was told', () => {
    const whole = told(4, { began_at: null, total_syscalls: 847, containers: null });
    expect(filed([READY, whole, READY])?.kernel_stats.total_syscalls).toBe(847);
    expect(filed([whole, told(4), READY])?.kernel_stats.total_syscalls).toBe(400);
  });
});

describe('moments', () => {
  it('keep their microseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), (moment) => {
        expect(momentOf(textOfMoment(moment))).toBe(moment);
      }),
    );
    expect(momentOf('2026-01-01T01:00:00.1234567+01:00')).toBe(
      Date.parse('2026-01-01T00:00:00.123Z') * 1000 + 456,
    );
  });
});

describe("kubelet's words about a pull", () => {
  it.each([
    ['Successfully pulled image "busybox" in 812ms (1.2s including waiting). Image size: 5 bytes.', 812],
    ['Successfully pulled image "busybox" in 1m2.345s (1m2.345s including waiting)', 62_345],
    ['Container image "busybox" already present on machine', null],
    ['Successfully pulled image "busybox" in a while (a while including waiting)', null],
  ])('%s', (note, expected) => {
    expect(pulledIn(note)).toBe(expected);
  });
  it.each([
    ['1h0m0.5s', 3_600_500],
    ['15µs', 0.015],
    ['0s', 0],
    ['', null],
    ['5', null],
  ])('%s', (text, expected) => {
    expect(goDuration(text)).toBe(expected);
  });
});
