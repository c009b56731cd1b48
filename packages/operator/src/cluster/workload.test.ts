import { describe, expect, it } from 'vitest';
import { workloadOf } from './workload.ts';

const owned = (kind: string, name: string, labels: Readonly<Record<string, string>> = {}) => ({
  labels,
  ownerReferences: [
    { kind: 'Other', name: 'other' },
    { kind, name, controller: true },
  ],
});

describe('workloadOf', () => {
  it('is the Deployment of a ReplicaSet that a Deployment made', () => {
    const hash = { 'pod-template-hash': '5d8c7b9f4' };
    expect(workloadOf(owned('ReplicaSet', 'web-5d8c7b9f4', hash))).toEqual({
      kind: 'Deployment',
      name: 'web',
    });
    expect(workloadOf(owned('ReplicaSet', 'web', hash))).toEqual({ kind: 'ReplicaSet', name: 'web' });
    expect(workloadOf(owned('ReplicaSet', 'web-'))).toEqual({ kind: 'ReplicaSet', name: 'web-' });
  });

  it('is the controller of any other pod', () => {
    expect(workloadOf(owned('StatefulSet', 'db'))).toEqual({ kind: 'StatefulSet', name: 'db' });
  });

  it('is nothing for a pod that stands alone, and for a static one', () => {
    expect(workloadOf({})).toBeNull();
    expect(workloadOf({ ownerReferences: [{ kind: 'ReplicaSet', name: 'x' }] })).toBeNull();
    expect(workloadOf(owned('Node', 'n1'))).toBeNull();
  });
});
