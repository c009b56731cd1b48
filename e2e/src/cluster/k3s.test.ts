import { describe, expect, it } from 'vitest';
import { containerCgroupIn, throughForwarder } from './k3s.ts';

describe('the k3s provider', () => {
  it('finds the pods below the cgroup of the container, not below that of k3s itself', () => {
    expect(containerCgroupIn('0::/system.slice/docker-abc.scope/init\n', 'abc')).toBe(
      '/system.slice/docker-abc.scope/kubepods',
    );
    expect(containerCgroupIn('0::/user.slice\n', 'abc')).toBeNull();
  });

  it('leads clients through the forwarder', () => {
    expect(throughForwarder('    server: https://localhost:32771\n', 7)).toBe(
      '    server: https://127.0.0.1:7\n',
    );
  });
});
