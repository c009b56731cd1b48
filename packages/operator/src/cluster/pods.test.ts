import { describe, expect, it, vi } from 'vitest';
import { KubePodDirectory, projectPod, type PodDirectoryOptions } from './pods.ts';
import { json, scriptedServer, stream } from './testing.ts';

const id = (digit: string): string => digit.repeat(64);

interface Sample {
  readonly name?: string;
  readonly uid?: string;
  readonly version?: number;
  readonly hash?: string;
  readonly status?: object;
}

const pod = ({ name = 'web', uid = 'u1', version = 1, hash, status = {} }: Sample): object => ({
  metadata: {
    namespace: 'shop',
    name,
    uid,
    resourceVersion: String(version),
    labels: { app: 'web' },
    ...(hash === undefined ? {} : { annotations: { 'kubernetes.io/config.hash': hash } }),
    managedFields: [{ much: 'of it' }],
  },
  spec: { nodeName: 'node1', containers: [{ name: 'main' }] },
  status,
});

const running = (...ids: readonly string[]): object => ({
  containerStatuses: [
    {
      name: 'main',
      containerID: `containerd://${ids.at(-1) ?? ''}`,
      lastState: ids.length > 1 ? { terminated: { containerID: `containerd://${ids.at(-2) ?? ''}` } } : {},
    },
  ],
});

/** What a directory knows after a list and a watch; `check` runs while the watch is open. */
const directoryOf = async (
  items: readonly object[],
  events: readonly (readonly [string, object])[],
  check: (directory: KubePodDirectory) => Promise<void> | void,
  options: Partial<PodDirectoryOptions> = {},
): Promise<void> => {
  const server = await scriptedServer(({ query }) =>
    query.watch === 'true'
      ? stream([
          ...events.map(([type, object]) => ({ type, object })),
          { type: 'ADDED', object: pod({ name: 'last', uid: 'last', version: 999 }) },
        ])
      : json({ metadata: { resourceVersion: '10' }, items }),
  );
  const controller = new AbortController();
  const directory = new KubePodDirectory({ api: server.api, ...options });
  expect(directory.isSynced).toBe(false);
  const done = directory.run(controller.signal);
  try {
    await directory.synced;
    await vi.waitFor(() => expect(directory.byUid('last')).not.toBeNull(), { interval: 5 });
    await check(directory);
  } finally {
    controller.abort();
    await done;
    await server.close();
  }
};

describe('a pod', () => {
  it('is reduced to what a directory needs', () => {
    const status = {
      initContainerStatuses: [
        { name: 'setup', containerID: '', state: { terminated: { containerID: `containerd://${id('a')}` } } },
      ],
      containerStatuses: [
        {
          name: 'main',
          containerID: `cri-o://${id('c')}`,
          lastState: { terminated: { containerID: `cri-o://${id('b')}` } },
        },
      ],
      ephemeralContainerStatuses: [{ name: 'debug', containerID: `docker://${id('d')}` }],
    };
    expect(projectPod(pod({ status }))).toMatchObject({
      value: {
        pod: {
          namespace: 'shop',
          name: 'web',
          uid: 'u1',
          nodeName: 'node1',
          labels: { app: 'web' },
          containers: new Map([
            [id('a'), 'setup'],
            [id('b'), 'main'],
            [id('c'), 'main'],
            [id('d'), 'debug'],
          ]),
        },
        configHash: null,
      },
    });
  });

  it.each([null, 'pod', {}, { metadata: { name: 'x' } }, { metadata: null, status: [] }])(
    'that is none is refused: %j',
    (raw) => {
      expect(projectPod(raw)).toHaveProperty('faults');
    },
  );

  it('without a status has no containers yet', () => {
    expect(projectPod({ metadata: { namespace: 'shop', name: 'web', uid: 'u1' } })).toMatchObject({
      value: { pod: { nodeName: null, labels: {}, containers: new Map() } },
    });
  });
});

describe('a pod directory', () => {
  it('tells births, of the pods that it saw before they were up, until they are gone', () => {
    const ready = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:02Z' }],
    };
    return directoryOf(
      [pod({ name: 'old', uid: 'u0', status: ready }), pod({ status: { phase: 'Pending' } })],
      [['MODIFIED', pod({ version: 11, status: ready })]],
      (directory) => {
        expect(directory.unbornSeen()).toEqual(['u1']);
        expect(directory.birthOf('u0')).toMatchObject({ times: { state: 'up', seenUnborn: false } });
        expect(directory.birthOf('u1')).toMatchObject({
          pod: { name: 'web' },
          times: { state: 'up', seenUnborn: true, conditions: { Ready: '2026-01-01T00:00:02Z' } },
          settledForMs: expect.any(Number) as number,
          exists: true,
        });
        expect(directory.birthOf('nobody')).toBeNull();
      },
    );
  });

  it('finds pods by UID, by name, and static ones by the hash of their configuration', () =>
    directoryOf([pod({}), pod({ name: 'etcd', uid: 'u2', hash: 'f00d' })], [], (directory) => {
      expect(directory.byUid('u1')?.name).toBe('web');
      expect(directory.byName('shop', 'web')?.uid).toBe('u1');
      expect(directory.byUid('f00d')).toMatchObject({ name: 'etcd', uid: 'u2' });
      expect(directory.byUid('nobody')).toBeNull();
      expect(directory.byName('other', 'web')).toBeNull();
      expect(directory.size).toBe(3);
    }));

  it('keeps the ids of containers that were restarted', () =>
    directoryOf(
      [pod({ status: running(id('a')) })],
      [
        ['MODIFIED', pod({ version: 11, status: running(id('a'), id('b')) })],
        ['MODIFIED', pod({ version: 12, status: running(id('b'), id('c')) })],
      ],
      (directory) => {
        expect([...(directory.byUid('u1')?.containers.keys() ?? [])]).toEqual([id('a'), id('b'), id('c')]);
      },
    ));

  it('keeps no more than 64 ids of a pod', () =>
    directoryOf(
      [],
      Array.from({ length: 100 }, (_, index) => [
        index === 0 ? 'ADDED' : 'MODIFIED',
        pod({ version: 11 + index, status: running(String(index).padStart(64, '0')) }),
      ]),
      (directory) => {
        const ids = [...(directory.byUid('u1')?.containers.keys() ?? [])];
        expect(ids).toHaveLength(64);
        expect(ids.at(-1)).toBe('99'.padStart(64, '0'));
      },
    ));

  it('knows a deleted pod by its UID for a while, and its successor by their name', async () => {
    let now = 0;
    await directoryOf(
      [pod({ hash: 'f00d', status: running(id('a')) })],
      [
        ['DELETED', pod({ version: 11, hash: 'f00d' })],
        ['ADDED', pod({ uid: 'u2', version: 12 })],
      ],
      (directory) => {
        expect(directory.byName('shop', 'web')?.uid).toBe('u2');
        expect(directory.byUid('u1')?.containers.get(id('a'))).toBe('main');
        expect(directory.byUid('f00d')?.uid).toBe('u1');
        now = 599_999;
        expect(directory.byUid('u1')).not.toBeNull();
        now = 600_000;
        expect(directory.byUid('u1')).toBeNull();
        expect(directory.byUid('f00d')).toBeNull();
      },
      { now: () => now },
    );
  });

  it('remembers a bounded number of deleted pods', () => {
    const names = Array.from({ length: 5 }, (_, index) => ({ name: `p${index}`, uid: `d${index}` }));
    return directoryOf(
      names.map((name) => pod(name)),
      names.map((name, index) => ['DELETED', pod({ ...name, version: 11 + index })]),
      (directory) => {
        expect(names.filter(({ uid }) => directory.byUid(uid) !== null).map(({ uid }) => uid)).toEqual([
          'd3',
          'd4',
        ]);
      },
      { maxDeleted: 2 },
    );
  });
});
