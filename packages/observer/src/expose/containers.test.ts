import { describe, expect, it } from 'vitest';
import type { ContainerReading } from '../watch/reading.ts';
import { containerCollector } from './containers.ts';
import { exposition } from './exposition.ts';

const NOTHING = { someSeconds: null, fullSeconds: null };
const unmeasured: ContainerReading = {
  path: '/kubepods/pod1/c1',
  level: 'container',
  manager: 'cgroup',
  podUid: 'pod1',
  containerId: 'c1',
  readAtMs: 0,
  cpu: {
    usageSeconds: null,
    nrPeriods: null,
    nrThrottled: null,
    throttledSeconds: null,
    quotaUs: null,
    periodUs: null,
    burstUs: null,
    nrBursts: null,
    shares: null,
    weight: null,
    pressure: NOTHING,
  },
  memory: {
    usageBytes: null,
    workingSetBytes: null,
    limitBytes: null,
    oomKills: null,
    limitHits: null,
    highHits: null,
    pressure: NOTHING,
  },
  ioPressure: NOTHING,
  pids: { current: null, max: null },
};
const figuresOf = async (groups: readonly ContainerReading[]): Promise<readonly string[]> => {
  const text = exposition(await containerCollector(() => groups)());
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
};

describe('containerCollector', () => {
  it('gives what is counted under the names of cAdvisor, and nothing that was not measured', async () => {
    const pod = '{id="/kubepods/pod1/c1",pod_uid="pod1",container_id="c1"}';
    const cpu = {
      ...unmeasured.cpu,
      usageSeconds: 0,
      nrPeriods: 55,
      nrThrottled: 33,
      throttledSeconds: 2.5,
      pressure: { someSeconds: 1.25, fullSeconds: null },
    };
    const unit = { ...unmeasured, path: '/a.service', podUid: null, containerId: null };
    expect(
      await figuresOf([
        { ...unmeasured, cpu },
        { ...unit, pids: { current: 4, max: null } },
      ]),
    ).toEqual([
      `container_cpu_usage_seconds_total${pod} 0`,
      `container_cpu_cfs_periods_total${pod} 55`,
      `container_cpu_cfs_throttled_periods_total${pod} 33`,
      `container_cpu_cfs_throttled_seconds_total${pod} 2.5`,
      `container_pressure_cpu_waiting_seconds_total${pod} 1.25`,
      'container_threads{id="/a.service"} 4',
    ]);
  });

  it('lets others work between groups', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 0);
    const groups = Array.from({ length: 2000 }, (_, id) => ({
      ...unmeasured,
      path: `/${id}`,
      pids: { current: id, max: null },
    }));
    expect(await figuresOf(groups)).toHaveLength(2000);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});
