import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findHierarchy } from 'kernel-gossip-observer';
import { sendLoad } from '../send/load.ts';
import { observationFrom } from '../send/fields.ts';
import { capture } from '../testing/capture.ts';
import { NOW } from '../testing/whispers.ts';
import { calibrate } from './burn.ts';
import { CpuGroup } from './cpu-group.ts';
import { burstFigures, windowBetween } from './window.ts';

const realNow = { now: Date.now };

describe('the demo', () => {
  test('where no process can be throttled, replays a recording and says so', async () => {
    const env = { KGOSSIP_CGROUP_ROOT: '/nonexistent' };
    const { code, out, err } = await capture(['demo'], { ...realNow, env });
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('No process can be throttled here: no cpu controller below /nonexistent');
    expect(out).toContain('REPLAYED: a recording played again');
    expect(out).toContain('21 of 27');
    expect(out).toContain('Resolved (replayed)');
    expect(out).toContain('SYNTHETIC');
  }, 30_000);

  test('ends at once when it is asked to, and exits 1', async () => {
    const ending = new AbortController();
    ending.abort();
    expect(await capture(['demo', '--replay'], { ...realNow, signal: ending.signal })).toMatchObject({
      code: 1,
    });
  });
});

describe('the one-machine mode', () => {
  test('says where it listens and ends when asked to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kgossip-up-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const ending = new AbortController();
    const printed: string[] = [];
    const running = capture(['up', '--port', '0', '--no-observer', '--data', folder], {
      signal: ending.signal,
      onOut: (text) => printed.push(text),
    });
    await expect
      .poll(() => printed.join(''), { timeout: 5000 })
      .toContain('Kernel Gossip listens at http://127.0.0.1:');
    const url = /http:\S+/.exec(printed.join(''))?.[0] ?? '';
    expect((await capture(['whispers', '--url', url])).code).toBe(0);
    ending.abort();
    expect((await running).code).toBe(0);
    expect(await readdir(folder)).toContain('kernel-gossip.db');
    expect((await capture(['whispers', '--url', url])).code).toBe(3);
  });
});

const groupOrNull = (): CpuGroup | null => {
  try {
    return new CpuGroup(findHierarchy('/sys/fs/cgroup'), `kernel-gossip-test-${process.pid}`);
  } catch {
    return null;
  }
};

describe('a CPU group', () => {
  test('is made, limited, read and removed, where that is permitted', async ({ skip }) => {
    const group = groupOrNull();
    if (group === null) {
      skip('no CPU cgroup may be made here');
      return;
    }
    group.limit(0.5);
    expect(group.read()).toMatchObject({ periods: 0, throttled: 0, withheldSeconds: 0 });
    await group.remove();
    expect(() => group.read()).toThrow('ENOENT');
  });
});

describe('a window', () => {
  const at = (atMs: number, usageSeconds: number, periods: number, throttled: number) => ({
    atMs,
    usageSeconds,
    periods,
    throttled,
    withheldSeconds: throttled / 10,
  });
  test('is what was counted between two readings', () => {
    expect(windowBetween(at(1000, 5, 10, 4), at(3000, 5.5, 30, 19), [3, 1, 2])).toEqual({
      seconds: 2,
      usedCores: 0.25,
      periods: 20,
      throttled: 15,
      throttledPercent: 75,
      withheldSeconds: 1.5,
      bursts: { count: 3, medianMs: 2, worstMs: 3 },
    });
  });
  test('without active periods and bursts has no share and no latency, not 0', () => {
    expect(windowBetween(at(0, 0, 5, 5), at(1000, 0, 5, 5), [])).toMatchObject({
      throttledPercent: null,
      bursts: null,
    });
    expect(burstFigures([])).toBeNull();
  });
  test('calibration goes by the fastest probe', () => {
    const times = [0, 100, 100, 110, 110, 500];
    let index = 0;
    const clock = (): number => times[Math.min(index++, times.length - 1)] ?? 0;
    expect(calibrate(50, clock)).toBeGreaterThan(0);
  });
});

describe('load', () => {
  test('keeps to its rate and sends each once', async () => {
    const observation = observationFrom('cpu_throttle', { pod: 'a', namespace: 'b', throttled: '5' }, NOW);
    const batches: number[] = [];
    const result = await sendLoad(
      () => observation,
      (batch) => {
        batches.push(batch.length);
        return Promise.resolve({ accepted: batch.length, rejected: [], error: null, retryAfterMs: null });
      },
      { count: 50, rate: 200, signal: new AbortController().signal },
    );
    expect(batches).toEqual([20, 20, 10]);
    expect(result).toMatchObject({ sent: 50, accepted: 50, rejectedCount: 0 });
    expect(result.elapsedMs).toBeGreaterThanOrEqual(190);
  });
});
