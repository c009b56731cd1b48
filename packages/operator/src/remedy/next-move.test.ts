import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelReading, KernelWhisper, MeasuredPair, Remedy } from 'kernel-gossip-types';
import type { PodFacts, Surroundings } from '../cluster/remedy-facts.ts';
import { coresText } from '../assess/words.ts';
import { amountOf } from './amounts.ts';
import { mandateFor } from './mode.ts';
import { asksForSurroundings, isUnderWay, nextMove } from './next-move.ts';
import { refusedByApi } from './refused-by-api.ts';
import type { Move } from './situation.ts';
import { CONTAINER_ID, containerOf, podOf, policyOf, surroundingsOf, whisperOf } from './testing.ts';

const START = Date.parse('2026-01-01T00:01:00Z');
const AUTO = [
  policyOf('auto', {
    mode: 'Auto',
    limits: {
      max_cpu_cores: 2,
      max_factor: 10,
      max_increase_percent: 300,
      max_memory_bytes: null,
      max_changes_per_hour: 20,
      min_seconds_between_changes: 0,
    },
  }),
];

/** How much of a limit is missing to a load that wants so many cores at once, and uses so many on average. */
interface Load {
  readonly wide: number;
  readonly mean: number;
}

/** What a kernel would count about a load under a limit for 10 s, coarsely: throttled in all periods, or in none. */
function counted(limit: number, { wide, mean }: Load, atMs: number): KernelReading {
  const isThrottled = limit < wide;
  const periods = 100;
  return {
    cgroup: '/kubepods/x',
    container_id: CONTAINER_ID,
    measured_at: new Date(atMs).toISOString(),
    window_seconds: 10,
    limit_cores: limit,
    usage_cores: Math.min(limit, mean),
    nr_periods: periods,
    nr_throttled: isThrottled ? periods : 0,
    throttled_seconds: isThrottled ? (wide - limit) * 0.1 * periods : 0,
    memory_limit_bytes: 64 * 2 ** 20,
    memory_usage_bytes: 2 ** 20,
    oom_kills: 0,
  };
}

/** A pod, its kubelet and its node, in which time goes by. */
class World {
  nowMs = START;
  pod: PodFacts = podOf();
  whisper: KernelWhisper;
  surroundings: Surroundings = surroundingsOf();
  policies = AUTO;
  load: Load = { wide: 0.5, mean: 0.3 };
  isMeasuring = true;
  readonly phases: string[] = [];
  readonly limits: string[] = [];

  constructor(whisper = whisperOf()) {
    this.whisper = whisper;
  }

  get remedy(): Remedy | null {
    return this.whisper.status?.remedy ?? null;
  }
  get limit(): number {
    return amountOf(this.pod.containers[0]?.resources.cpu_limit ?? null) ?? 0;
  }

  move(): Move {
    const [container] = this.pod.containers;
    if (container === undefined) throw new Error('the pod has no container');
    const situation = {
      whisper: this.whisper,
      pod: this.pod,
      container,
      resource: this.whisper.spec.kind === 'memory_pressure' ? ('memory' as const) : ('cpu' as const),
      mandate: mandateFor({ labels: {}, remediation: null, kind: this.whisper.spec.kind }, this.policies),
      workloadChanges: this.remedy?.changes ?? [],
      nowMs: this.nowMs,
    };
    return nextMove(situation, asksForSurroundings(situation) ? this.surroundings : null);
  }

  /** One look of the controller, then some seconds in which an observer may measure. */
  step(seconds = 10): Move {
    const move = this.move();
    if (move.kind !== 'rest') this.note(move.remedy);
    if (move.kind === 'resize') this.resize(move.remedy);
    // Nobody may ever write to the object again: what is under way is looked at by the clock, too.
    else if (isUnderWay(this.whisper)) expect(move.afterMs).not.toBeNull();
    this.nowMs += seconds * 1000;
    if (this.isMeasuring) this.measure();
    return move;
  }

  run(steps: number): this {
    for (let step = 0; step < steps; step += 1) this.step();
    return this;
  }

  until(phase: Remedy['phase'], reason?: string): this {
    for (let step = 0; step < 100; step += 1) {
      if (this.remedy?.phase === phase && (reason === undefined || this.remedy.reason === reason))
        return this;
      this.step();
    }
    throw new Error(`never ${phase}: ${this.phases.join(' ')}`);
  }

  note(remedy: Remedy): void {
    this.whisper = { ...this.whisper, status: { ...whisperOf().status!, ...this.whisper.status, remedy } };
    const told = `${remedy.phase}/${remedy.reason}`;
    if (this.phases.at(-1) !== told) this.phases.push(told);
  }

  resize({ to }: Remedy): void {
    if (to === null) throw new Error('nothing to change to');
    this.limits.push(to.cpu_limit ?? '');
    this.pod = podOf({ containers: [containerOf({ resources: to, actual: to })] });
  }

  measure(limit = this.limit): void {
    const container = counted(limit, this.load, this.nowMs);
    const measured: MeasuredPair = { container, pod: { ...container, container_id: null } };
    this.whisper = { ...this.whisper, status: { ...whisperOf().status!, ...this.whisper.status, measured } };
  }

  annotate(request: string): void {
    const { metadata } = this.whisper;
    this.whisper = {
      ...this.whisper,
      metadata: { ...metadata, annotations: { 'kernel-gossip.io/remedy-request': request } },
    };
  }
}

/** A world in which a process was killed for want of memory, and the cgroups have the memory limit of the container. */
function memoryWorld(seen: { readonly usage_percent: number; readonly oom_kills: number }): World {
  const memory = {
    usage_bytes: 60e6,
    limit_bytes: 64 * 2 ** 20,
    stalled_percent: null,
    episode_oom_kills: 1,
    window_seconds: 1,
    ...seen,
  };
  const world = new World(
    whisperOf({ kind: 'memory_pressure', throttled_percent: null, kernel_truth: null, memory }),
  );
  const measure = world.measure.bind(world);
  world.measure = () => {
    measure();
    const limit = { memory_limit_bytes: amountOf(world.pod.containers[0]?.resources.memory_limit ?? null) };
    const { container, pod } = world.whisper.status!.measured!;
    const measured = { container: { ...container!, ...limit }, pod: { ...pod!, ...limit } };
    world.whisper = { ...world.whisper, status: { ...world.whisper.status!, measured } };
  };
  return world;
}

describe('a remedy', () => {
  it('measures, raises, proves in both cgroups, and trims', () => {
    const world = new World().until('Proven');
    expect(world.phases[0]).toBe('Waiting/MeasuringBefore');
    expect(world.phases).toContain('Measuring/InForce');
    expect(world.remedy).toMatchObject({ reason: 'Calm', improvement_percent: 100, setbacks: 0 });
    expect(world.remedy?.original?.cpu_limit).toBe('200m');
    expect(world.remedy?.before?.container).toMatchObject({ limit_cores: 0.2, nr_throttled: 100 });
    expect(world.remedy?.after?.container).toMatchObject({ limit_cores: world.limit, nr_throttled: 0 });
    expect(world.limit).toBeGreaterThanOrEqual(0.5);
    expect(world.limit).toBeLessThanOrEqual(0.75);
  });

  it('is shown, with the exact patch, and nothing is sent, where nobody allows more', () => {
    const world = new World();
    world.policies = [];
    world.run(3);
    expect(world.limits).toEqual([]);
    expect(world.remedy).toMatchObject({
      phase: 'Proposed',
      mode: 'DryRun',
      patch: '{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"400m"}}}]}}',
      owner: { kind: 'Deployment', name: 'web', managed_by: null },
    });
    expect(world.step().kind).toBe('rest');
  });

  it('is shown also where the right to make it is missing, and says so', () => {
    const world = new World();
    world.policies = [];
    world.surroundings = surroundingsOf({ missingRight: 'patch on pods/resize in namespace shop' });
    world.run(2);
    expect(world.remedy).toMatchObject({ phase: 'Proposed' });
    expect(world.remedy?.message).toMatch(/the operator lacks patch on pods\/resize in namespace shop/);
    world.annotate(`approve/${world.remedy?.proposal_id ?? ''}`);
    world.run(1);
    expect(world.remedy).toMatchObject({ phase: 'Refused', reason: 'Permission' });
    world.run(3);
    expect(world.remedy).toMatchObject({ phase: 'Proposed' });
    expect(world.limits).toEqual([]);
  });

  it('is made once where a person approves this very proposal', () => {
    const world = new World();
    world.policies = [];
    world.run(1).annotate('approve/another');
    world.run(2);
    expect(world.limits).toEqual([]);
    world.annotate(`approve/${world.remedy?.proposal_id ?? ''}`);
    world.until('Proven');
    expect(world.remedy?.decided_by).toMatch(/a person/);
  });

  it('makes what was approved, also where newer figures would ask for something slightly else', () => {
    const world = new World();
    world.policies = [];
    world.load = { wide: 0.29, mean: 0.29 };
    world.whisper = whisperOf({
      kernel_truth: { ...whisperOf().spec.kernel_truth!, throttled_seconds: 0.4 },
    });
    world.run(1);
    const proposed = world.remedy?.to?.cpu_limit;
    world.annotate(`approve/${world.remedy?.proposal_id ?? ''}`);
    world.until('Applying');
    expect(world.limits).toEqual([proposed]);
  });

  it('is refused with the reason where something forbids it', () => {
    const refusals: readonly (readonly [Partial<Surroundings>, string])[] = [
      [{ missingRight: 'patch on pods/resize in namespace shop' }, 'Permission'],
      [{ canResize: false }, 'InPlaceResize'],
      [{ canResize: { unknown: 'no answer' } }, 'InPlaceResize'],
      [
        {
          quotas: [
            { name: 'q', limitsLeft: { cpu: 0, memory: null }, requestsLeft: { cpu: null, memory: null } },
          ],
        },
        'ResourceQuota',
      ],
      [
        {
          limitRanges: [
            {
              name: 'r',
              type: 'Container',
              max: { cpu: 0.2, memory: null },
              maxRatio: { cpu: null, memory: null },
            },
          ],
        },
        'LimitRange',
      ],
      [
        { node: { name: 'n1', allocatable: { cpu: 2, memory: 1e9 }, requested: { cpu: 1.95, memory: 0 } } },
        'NodeRoom',
      ],
      [
        { autoscalers: [{ kind: 'VerticalPodAutoscaler', name: 'v', resources: ['cpu', 'memory'] }] },
        'Autoscaler',
      ],
      [{ managedBy: 'Argo CD (shop)' }, 'Repository'],
    ];
    for (const [changes, reason] of refusals) {
      const world = new World();
      world.surroundings = surroundingsOf(changes);
      world.run(2);
      expect(world.remedy).toMatchObject({ phase: 'Refused', reason });
      expect(world.limits).toEqual([]);
    }
    const pods: readonly (readonly [Partial<PodFacts>, string])[] = [
      [{ isStatic: true }, 'Resizable'],
      [{ runtimeClass: 'gvisor' }, 'RuntimeClass'],
      [{ phase: 'Pending' }, 'PodRunning'],
      [{ containers: [containerOf({ restarts: { cpu: true, memory: false } })] }, 'NoRestart'],
      [{ containers: [containerOf({ kind: 'init' })] }, 'Resizable'],
    ];
    for (const [changes, reason] of pods) {
      const world = new World();
      world.pod = podOf(changes);
      world.run(2);
      expect(world.remedy).toMatchObject({ phase: 'Refused', reason });
    }
  });

  it('keeps the class of a Guaranteed pod: its request goes with the limit', () => {
    const world = new World();
    const resources = {
      cpu_limit: '200m',
      cpu_request: '200m',
      memory_limit: '64Mi',
      memory_request: '64Mi',
    };
    world.pod = podOf({
      qosClass: 'Guaranteed',
      containers: [containerOf({ resources, actual: resources })],
    });
    world.run(1);
    expect(JSON.parse(world.remedy?.patch ?? '')).toEqual({
      spec: {
        containers: [{ name: 'app', resources: { limits: { cpu: '400m' }, requests: { cpu: '400m' } } }],
      },
    });
  });

  it('takes back what did not help enough, and waits longer each time', () => {
    const world = new World();
    world.load = { wide: 8, mean: 0.3 };
    world.until('TakenBack');
    expect(world.remedy).toMatchObject({ reason: 'NotImproved', setbacks: 1 });
    expect(world.remedy?.improvement_percent).toBeLessThan(50);
    expect(world.limit).toBe(0.2);
    expect(world.limits.at(-1)).toBe('200m');
    expect(world.remedy?.next_attempt_at).not.toBeNull();
  });

  it('leaves a job alone that would eat any limit', () => {
    const world = new World();
    world.load = { wide: 1, mean: 1 };
    world.until('LeftAlone');
    expect(world.remedy).toMatchObject({ reason: 'EatsAnyLimit' });
    expect(world.limit).toBe(0.2);
  });

  it('takes no data for no proof', () => {
    const world = new World().until('Measuring');
    world.isMeasuring = false;
    world.until('TakenBack');
    expect(world.remedy).toMatchObject({ reason: 'NotMeasured' });
    expect(world.limit).toBe(0.2);
    const blind = new World();
    blind.isMeasuring = false;
    blind.until('Refused', 'NotMeasured');
    expect(blind.limits).toEqual([]);
  });

  it('takes less work for no proof', () => {
    const world = new World().until('Measuring');
    world.load = { wide: 0.01, mean: 0.01 };
    world.run(3);
    expect(world.remedy).toMatchObject({ phase: 'Measuring', reason: 'WaitingForLoad' });
    world.until('TakenBack');
    expect(world.remedy).toMatchObject({ reason: 'NotComparable', improvement_percent: null });
  });

  it('takes back what the kubelet accepted and the cgroups do not have', () => {
    const world = new World().until('Measuring');
    world.isMeasuring = false;
    for (let step = 0; step < 20 && world.remedy?.phase === 'Measuring'; step += 1) {
      world.measure(0.2);
      world.step();
    }
    expect(world.remedy).toMatchObject({ reason: 'NotOnNode' });
  });

  it('takes back what the kubelet calls infeasible', () => {
    const world = new World().until('Applying');
    world.pod = {
      ...world.pod,
      resize: [
        {
          type: 'PodResizePending',
          reason: 'Infeasible',
          message: 'Node did not have enough capacity',
          since: null,
        },
      ],
    };
    world.step();
    expect(world.remedy).toMatchObject({ phase: 'TakingBack', reason: 'Infeasible' });
  });

  it('steps back where someone else changes the limit meanwhile', () => {
    const world = new World().until('Measuring');
    const resources = { ...containerOf().resources, cpu_limit: '900m' };
    world.pod = podOf({ containers: [containerOf({ resources, actual: resources })] });
    world.step();
    expect(world.remedy).toMatchObject({ phase: 'SteppedBack', reason: 'ChangedByOthers' });
    expect(world.limit).toBe(0.9);
  });

  it('takes back what was not proved yet when it is switched off', () => {
    const world = new World().until('Measuring');
    world.policies = [policyOf('off', { mode: 'Off' })];
    world.until('TakenBack');
    expect(world.remedy).toMatchObject({ reason: 'SwitchedOff' });
    expect(world.limit).toBe(0.2);
  });

  it('takes back what a restart of the container made incomparable', () => {
    const world = new World().until('Measuring');
    const [container] = world.pod.containers;
    world.pod = { ...world.pod, containers: [{ ...container!, id: 'd'.repeat(64) }] };
    world.step();
    expect(world.remedy).toMatchObject({ reason: 'ContainerRestarted' });
  });

  it('undoes what was proved, where a person asks', () => {
    const world = new World().until('Proven');
    world.annotate(`undo/${world.remedy?.proposal_id ?? ''}`);
    world.until('TakenBack');
    expect(world.limit).toBe(0.2);
    expect(world.remedy).toMatchObject({
      reason: 'UndoneByRequest',
      answered_request: `undo/${world.remedy?.proposal_id ?? ''}`,
    });
    world.run(20);
    expect(world.limit).toBe(0.2);
  });

  it('goes on from the object after a crash between the note and the patch', () => {
    const world = new World();
    for (;;) {
      const move = world.move();
      if (move.kind === 'resize') {
        world.note(move.remedy);
        break;
      }
      world.step();
    }
    expect(world.limit).toBe(0.2);
    expect(world.move()).toMatchObject({ kind: 'resize' });
    world.until('Proven');
  });

  it('waits for allowed hours, for the pause and for the hourly number of changes', () => {
    const night = new World();
    night.policies = [
      policyOf('night', { mode: 'Auto', allowed_hours: [{ days: null, from: '03:00', to: '04:00' }] }),
    ];
    night.run(2);
    expect(night.remedy).toMatchObject({
      phase: 'Waiting',
      reason: 'OutsideAllowedHours',
      next_attempt_at: '2026-01-01T03:00:00.000Z',
    });
    const few = new World();
    few.policies = [
      policyOf('few', { mode: 'Auto', limits: { ...AUTO[0]!.spec.limits!, max_changes_per_hour: 1 } }),
    ];
    few.load = { wide: 5, mean: 0.3 };
    few.until('TakenBack');
    expect(few.limits).toHaveLength(2);
    few.run(20);
    expect(few.remedy).toMatchObject({ phase: 'Waiting', reason: 'TooManyChanges' });
  });

  it('counts its bounds, and what a person undoes, from where the container began, whatever the attempt', () => {
    const limits = { ...AUTO[0]!.spec.limits!, max_factor: 3 };
    const world = new World();
    world.policies = [policyOf('auto', { mode: 'Auto', limits })];
    world.load = { wide: 0.39, mean: 0.3 };
    world.until('Proven');
    world.load = { wide: 5, mean: 0.5 };
    for (let step = 0; step < 200; step += 1) {
      world.step(30);
      expect(world.limit).toBeLessThanOrEqual(0.6);
    }
    expect(world.remedy?.original?.cpu_limit).toBe('200m');
  });

  it('touches nothing but what it is about, whatever others change beside it', () => {
    const world = new World().until('Measuring');
    const change = (memory_limit: string) => {
      const resources = { ...world.pod.containers[0]!.resources, memory_limit };
      world.pod = podOf({ containers: [containerOf({ resources, actual: resources })] });
    };
    change('96Mi');
    world.until('Proven');
    change('144Mi');
    world.annotate(`undo/${world.remedy?.proposal_id ?? ''}`);
    expect(world.move()).toMatchObject({
      kind: 'resize',
      patch: { spec: { containers: [{ name: 'app', resources: { limits: { cpu: '200m' } } }] } },
    });
    expect(JSON.stringify(world.move())).not.toContain('"memory":"');
  });

  it('needs its permission to the end: a policy that is gone allows no more', () => {
    const world = new World().until('Measuring');
    world.policies = [];
    world.until('TakenBack');
    expect(world.limits).toEqual(['400m', '200m']);
  });

  it('gives way to whoever puts back what was before, again and again', () => {
    const world = new World();
    world.resize = () => undefined;
    world.until('SteppedBack');
    expect(world.remedy).toMatchObject({ reason: 'ChangedByOthers' });
  });

  it('takes no reading of the pod for one of the same time that is of an earlier sweep', () => {
    const world = new World();
    world.step();
    const { container, pod } = world.whisper.status!.measured!;
    const older = { ...pod!, measured_at: '2025-12-31T23:00:00.000Z' };
    world.isMeasuring = false;
    world.whisper = {
      ...world.whisper,
      status: { ...world.whisper.status!, measured: { container, pod: older } },
    };
    expect(world.move()).toMatchObject({ kind: 'rest' });
  });

  it('gives a kubelet its time: the cgroups are asked when it says that the change is in force', () => {
    const world = new World();
    const resize = world.resize.bind(world);
    let isSlow = true;
    world.resize = (remedy) => {
      resize(remedy);
      const actual = isSlow ? containerOf().actual : remedy.to;
      world.pod = podOf({ containers: [containerOf({ resources: remedy.to!, actual })] });
    };
    const measure = world.measure.bind(world);
    world.measure = () => {
      measure(amountOf(world.pod.containers[0]?.actual?.cpu_limit ?? null) ?? 0);
    };
    world.until('Applying').run(9);
    isSlow = false;
    world.pod = podOf({
      containers: [containerOf({ resources: world.remedy!.to!, actual: world.remedy!.to })],
    });
    world.until('Proven');
  });

  it('takes back an earlier step where the next one could not be sent for long', () => {
    const world = new World();
    world.load = { wide: 1, mean: 0.3 };
    world.until('Measuring');
    const resize = world.resize.bind(world);
    world.resize = () => undefined;
    world.until('Applying');
    expect(world.limit).toBe(0.4);
    world.nowMs += 400_000;
    world.resize = resize;
    world.until('TakenBack');
    expect(world.limit).toBe(0.2);
  });

  it('waits as long as it says before it tries again to take back what the API server refuses', () => {
    const world = new World().until('Measuring');
    world.policies = [];
    const move = world.move();
    if (move.kind !== 'resize') throw new Error('nothing is taken back');
    const mandate = mandateFor({ labels: {}, remediation: null, kind: 'cpu_throttle' }, []);
    world.note(refusedByApi(move.remedy, 'forbidden', mandate, world.nowMs));
    expect(world.move()).toMatchObject({ kind: 'rest', afterMs: 120_000 });
    world.nowMs += 120_000;
    expect(world.move()).toMatchObject({ kind: 'resize' });
  });

  it('is no proof where the pod around the container still holds it back', () => {
    const world = new World();
    const beside = containerOf({ name: 'beside' });
    world.pod = podOf({ containers: [containerOf(), beside] });
    const resize = world.resize.bind(world);
    world.resize = (remedy) => {
      resize(remedy);
      world.pod = podOf({ containers: [...world.pod.containers, beside] });
    };
    const measure = world.measure.bind(world);
    // The pod's own quota stays what it was: 200m of each.
    world.measure = () => {
      measure();
      const { container, pod } = world.whisper.status!.measured!;
      const measured = { container, pod: { ...pod!, limit_cores: 0.4 } };
      world.whisper = { ...world.whisper, status: { ...world.whisper.status!, measured } };
    };
    world.until('TakenBack');
    expect(world.remedy).toMatchObject({ reason: 'NotOnNode' });
  });

  it('raises memory no further for a kill that was answered', () => {
    const world = memoryWorld({ usage_percent: 95, oom_kills: 0 });
    world.until('Proven');
    world.run(300);
    expect(world.pod.containers[0]?.resources.memory_limit).toBe('96Mi');
  });

  it('does no harm when the clock jumps', () => {
    const back = new World().until('Measuring');
    back.nowMs -= 3_600_000;
    back.until('Proven');
    expect(back.limit).toBeGreaterThan(0.2);
    const ahead = new World().until('Measuring');
    ahead.nowMs += 3_600_000;
    for (let step = 0; step < 20; step += 1) ahead.step();
    expect(['Proven', 'TakenBack']).toContain(ahead.remedy?.phase);
    if (ahead.remedy?.phase === 'TakenBack') expect(ahead.limit).toBe(0.2);
  });

  it('raises memory after a kill, within its bounds, and never lowers it again', () => {
    const world = memoryWorld({ usage_percent: 90, oom_kills: 1 });
    world.until('Applying');
    expect(world.remedy?.to).toMatchObject({ memory_limit: '96Mi', cpu_limit: '200m' });
    world.load = { wide: 0.1, mean: 0.1 };
    world.until('Proven');
    expect(world.remedy).toMatchObject({ reason: 'NoneKilled' });
  });

  it('never goes beyond the bounds of its policy, and ends, whatever the load', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 60 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 3, max: 40 }),
        (tenths, share, most) => {
          const wide = tenths / 10;
          const world = new World();
          world.load = { wide, mean: Math.max(0.2, (wide * share) / 100) };
          world.policies = [
            policyOf('auto', {
              mode: 'Auto',
              limits: { ...AUTO[0]!.spec.limits!, max_cpu_cores: most / 10 },
            }),
          ];
          world.surroundings = surroundingsOf({
            node: { name: 'n1', allocatable: { cpu: 8, memory: 8e9 }, requested: { cpu: 0, memory: 0 } },
          });
          let ended = false;
          for (let step = 0; step < 60 && !ended; step += 1) {
            world.step();
            expect(world.limit).toBeLessThanOrEqual(most / 10 + 1e-9);
            expect(coresText(world.limit)).toMatch(/^(\d+|\d+0m)$/);
            ended = ['Proven', 'TakenBack', 'LeftAlone', 'Refused'].includes(world.remedy?.phase ?? '');
          }
          expect(ended).toBe(true);
          if (world.remedy?.phase !== 'Proven') expect(world.limit).toBe(0.2);
        },
      ),
      { numRuns: 200 },
    );
  });
});
