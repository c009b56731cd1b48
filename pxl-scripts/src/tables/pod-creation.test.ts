import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { ID, ROWS } from '../testing.ts';
import type { Row } from './cell.ts';
import { podCreation } from './pod-creation.ts';

const told = (changes: Row) => {
  const result = podCreation.observe({ ...ROWS.pod_creation, ...changes }, { source: 'pixie' });
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

describe('a row about a birth', () => {
  it('tells that of one container, and nothing of it as the whole of the pod', () => {
    expect(told({})).toEqual({
      type: 'pod_creation',
      pod_name: 'web-1',
      namespace: 'shop',
      node_name: 'node-1',
      timestamp: '2026-01-01T00:00:03.000000000Z',
      source: 'pixie',
      provenance: 'measured',
      began_at: '2026-01-01T00:00:02.500000000Z',
      containers: [
        {
          container_id: ID,
          container_name: 'app',
          began_at: '2026-01-01T00:00:02.500000000Z',
          entered_at: '2026-01-01T00:00:03.000000000Z',
          program: '/bin/app',
          total_syscalls: 847,
          mounts: 31,
          cgroups_created: 2,
          cgroup_writes: 23,
        },
      ],
    });
  });

  it('says nothing of what was not counted', () => {
    const birth = told({ total_syscalls: -1n, duration_ns: -1n, mounts: -1n, program: '' });
    expect(birth).toMatchObject({
      containers: [
        { total_syscalls: null, entered_at: null, mounts: null, program: null, cgroup_writes: 23 },
      ],
    });
  });
});
