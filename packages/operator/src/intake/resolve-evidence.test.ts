import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeObservation, type Observation } from 'kernel-gossip-types';
import type { Sender } from '../authn/sender.ts';
import type { KnownPod, PodDirectory } from '../cluster/pod-directory.ts';
import { resolveEvidence } from './resolve-evidence.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const [ID, LATER_ID] = ['a'.repeat(64), 'b'.repeat(64)];

const pod = (containers: readonly (readonly [string, string])[]): KnownPod => ({
  namespace: 'shop',
  name: 'web-1',
  uid: UID,
  nodeName: 'node-1',
  workload: null,
  remediation: null,
  labels: {},
  containers: new Map(containers),
});
const directoryOf = (find: () => KnownPod | null): PodDirectory => ({
  isSynced: true,
  byUid: (uid) => (uid === UID ? find() : null),
  byName: (namespace, name) => (namespace === 'shop' && name === 'web-1' ? find() : null),
});
const observation = (subject: object): Observation => {
  const result = decodeObservation({
    type: 'cpu_throttle',
    throttle_percentage: 85,
    timestamp: '2026-01-01T00:00:00Z',
    ...subject,
  });
  if (!isRight(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};
const ANYONE: Sender = { kind: 'anyone' };
const resolve = (subject: object, directory: PodDirectory | null, patienceMs = 0, sender: Sender = ANYONE) =>
  resolveEvidence([[7, observation(subject)]], {
    directory,
    sender,
    defaultSource: 'x',
    nowMs: 0,
    patienceMs,
  });

const known = directoryOf(() => pod([[ID, 'app']]));

describe('whom an observation is about', () => {
  it('is told from what a cgroup path carries', async () => {
    const { evidence } = await resolve({ pod_uid: UID, container_id: ID }, known);
    expect(evidence).toMatchObject([
      [
        7,
        {
          pod: { namespace: 'shop', name: 'web-1', uid: UID },
          container: 'app',
          nodeName: 'node-1',
          source: 'x',
        },
      ],
    ]);
  });

  it('is the pod as a whole where no container is named', async () => {
    expect((await resolve({ pod_uid: UID }, known)).evidence).toMatchObject([[7, { container: null }]]);
  });

  it('is completed with the UID where only names are known', async () => {
    const { evidence } = await resolve(
      { pod_name: 'web-1', namespace: 'shop', container_name: 'app' },
      known,
    );
    expect(evidence).toMatchObject([[7, { pod: { uid: UID }, container: 'app' }]]);
  });

  it('is taken as named where the cluster knows no such pod, without the UID that the sender claims', async () => {
    const { evidence } = await resolve(
      { pod_name: 'gone', namespace: 'shop', pod_uid: 'f'.repeat(32) },
      known,
    );
    expect(evidence).toMatchObject([[7, { pod: { name: 'gone', uid: null } }]]);
  });

  it.each([
    ['a UID that nobody has', { pod_uid: 'f'.repeat(32) }, 'pod_uid'],
    ['a container that the pod has not', { pod_uid: UID, container_id: LATER_ID }, 'container_id'],
    ['another name than the UID has', { pod_uid: UID, pod_name: 'web-2', namespace: 'shop' }, 'pod_name'],
  ])('is not made up for %s', async (_what, subject, path) => {
    expect(await resolve(subject, known)).toMatchObject({ evidence: [], rejected: [{ index: 7, path }] });
  });

  it('is waited for while the cluster may still tell', async () => {
    let looks = 0;
    const late = directoryOf(() => {
      looks += 1;
      return looks < 3 ? pod([]) : pod([[LATER_ID, 'app']]);
    });
    const { evidence } = await resolve({ pod_uid: UID, container_id: LATER_ID }, late, 5000);
    expect(evidence).toMatchObject([[7, { container: 'app' }]]);
    expect(looks).toBe(3);
  });

  it('must be named where there is no Kubernetes', async () => {
    expect(await resolve({ pod_uid: UID }, null, 5000)).toMatchObject({ rejected: [{ path: 'pod_uid' }] });
  });

  const observer: Sender = { kind: 'observer', nodeName: 'node-1' };

  it('must be a pod that runs on the node of its observer', async () => {
    expect(await resolve({ pod_uid: UID }, known, 0, observer)).toMatchObject({ evidence: [[7, {}]] });
    const elsewhere: Sender = { kind: 'observer', nodeName: 'node-2' };
    expect(await resolve({ pod_uid: UID }, known, 5000, elsewhere)).toMatchObject({
      evidence: [],
      rejected: [],
      forbidden: [{ index: 7, path: 'pod_uid', expected: 'a pod of node node-2' }],
    });
  });

  it('is never taken as named from an observer', async () => {
    expect(await resolve({ pod_name: 'gone', namespace: 'shop' }, known, 0, observer)).toMatchObject({
      evidence: [],
      forbidden: [{ index: 7, path: 'pod_name' }],
    });
  });

  it('is waited for while the cluster may still tell where it runs', async () => {
    let looks = 0;
    const late = directoryOf(() => {
      looks += 1;
      return { ...pod([]), nodeName: looks < 3 ? null : 'node-1' };
    });
    const { evidence } = await resolve({ pod_uid: UID }, late, 5000, observer);
    expect(evidence).toMatchObject([[7, { nodeName: 'node-1' }]]);
    expect(looks).toBe(3);
  });
});
