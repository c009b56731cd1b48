import { describe, expect, it } from 'vitest';
import { laterTimes, podTimes } from './pod-times.ts';

const id = (digit: string): string => digit.repeat(64);
const ended = (digit: string, startedAt: string, finishedAt: string): object => ({
  terminated: { containerID: `containerd://${id(digit)}`, startedAt, finishedAt },
});

const pod = (phase: string, status: object, spec: object = {}): object => ({
  metadata: { creationTimestamp: 'T0' },
  spec: { containers: [{ name: 'app' }], ...spec },
  status: { phase, ...status },
});

const appStatus = (status: object): object => ({
  containerStatuses: [{ name: 'app', restartCount: 0, ...status }],
});

describe('the times of a pod', () => {
  it('are those of its conditions that hold, and of each first run', () => {
    const raw = pod(
      'Running',
      {
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: 'T1' },
          { type: 'Ready', status: 'False', lastTransitionTime: 'T2' },
        ],
        initContainerStatuses: [
          { name: 'setup', restartCount: 0, state: ended('1', 'T3', 'T4') },
          {
            name: 'proxy',
            restartCount: 0,
            containerID: `cri-o://${id('2')}`,
            state: { running: { startedAt: 'T5' } },
          },
        ],
        containerStatuses: [
          { name: 'app', restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
        ],
      },
      {
        initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
        ephemeralContainers: [{ name: 'debug' }],
      },
    );
    expect(podTimes(raw)).toEqual({
      createdAt: 'T0',
      conditions: {
        PodScheduled: 'T1',
        PodReadyToStartContainers: null,
        Initialized: null,
        ContainersReady: null,
        Ready: null,
      },
      containers: [
        { name: 'setup', kind: 'init', id: id('1'), startedAt: 'T3', finishedAt: 'T4' },
        { name: 'proxy', kind: 'sidecar', id: id('2'), startedAt: 'T5', finishedAt: null },
        { name: 'app', kind: 'container', id: null, startedAt: null, finishedAt: null },
        { name: 'debug', kind: 'ephemeral', id: null, startedAt: null, finishedAt: null },
      ],
      state: 'coming-up',
      seenUnborn: false,
    });
  });

  it.each([
    ['once restarted, are those of the last state', 1, id('1'), 'T1'],
    ['restarted more often, are not known any more', 2, null, null],
  ])('%s', (_what, restartCount, firstId, startedAt) => {
    const raw = pod(
      'Running',
      appStatus({
        restartCount,
        containerID: `containerd://${id('9')}`,
        state: { running: { startedAt: 'T9' } },
        lastState: ended('1', 'T1', 'T2'),
      }),
    );
    expect(podTimes(raw).containers).toMatchObject([{ id: firstId, startedAt }]);
  });

  it.each([
    ['Pending', 0, true],
    ['Pending', 1, false],
    ['Running', 0, false],
  ])('of a pod in phase %s with %i restarts tell of its birth: %s', (phase, restartCount, expected) => {
    expect(podTimes(pod(phase, appStatus({ restartCount }))).seenUnborn).toBe(expected);
  });

  it.each([
    null,
    'pod',
    {},
    { status: { conditions: 'none', containerStatuses: 3 }, spec: { containers: [null, {}] } },
  ])('are absent where there are none: %j', (raw) => {
    expect(podTimes(raw)).toMatchObject({ createdAt: null, containers: [], state: 'coming-up' });
  });

  it('stay what they were first, when a condition turns true again or a container runs again', () => {
    const ready = (at: string): object => ({
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at }],
    });
    const running = (digit: string, at: string): object =>
      appStatus({ containerID: `containerd://${id(digit)}`, state: { running: { startedAt: at } } });
    const versions = [
      pod('Pending', {}),
      pod('Running', { ...running('1', 'T1'), ...ready('T2') }),
      pod(
        'Running',
        appStatus({
          restartCount: 3,
          containerID: `containerd://${id('4')}`,
          state: { running: { startedAt: 'T8' } },
        }),
      ),
      pod('Running', { ...running('5', 'T8'), ...ready('T9') }),
    ].map(podTimes);
    expect(versions.reduce((before, next) => laterTimes(before, next))).toMatchObject({
      conditions: { Ready: 'T2' },
      containers: [{ id: id('1'), startedAt: 'T1' }],
      state: 'up',
      seenUnborn: true,
    });
  });

  it('of a pod that came to its end without being ready are those of an end', () => {
    expect(podTimes(pod('Succeeded', {})).state).toBe('ended');
    expect(laterTimes(podTimes(pod('Pending', {})), podTimes(pod('Failed', {}))).state).toBe('ended');
  });
});
