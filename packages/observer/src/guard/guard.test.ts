import { setImmediate as pause, setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGuard, type Levers } from './guard.ts';

interface LogLine {
  readonly level: number;
  readonly cpuPercent: number;
  readonly unseen: string | null;
  readonly msg: string;
}

describe('the guard', { timeout: 60_000 }, () => {
  const guarded = (hasBirths: boolean) => {
    const pulled: string[] = [];
    const lines: LogLine[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
    let helperMs: number | null = null;
    const levers: Levers = {
      births: hasBirths ? (isOn) => void pulled.push(isOn ? 'births on' : 'births off') : null,
      setIntervalMs: (intervalMs) => void pulled.push(`${intervalMs} ms`),
    };
    const guard = startGuard({ budgetPercent: 30, windowMs: 120, intervalMs: 1000 }, levers, {
      log,
      monotonicMs: () => performance.now(),
      helperCpuMs: () => helperMs,
    });
    onTestFinished(() => guard.close());
    /** Uses all of a CPU, as far as others leave it, until the guard did something. */
    const spinUntil = async (holds: () => boolean) => {
      while (!holds()) {
        const endMs = performance.now() + 10;
        while (performance.now() < endMs);
        await pause();
      }
    };
    const idleUntil = async (holds: () => boolean) => {
      while (!holds()) await sleep(20);
    };
    const helperUses = (ms: number | null) => void (helperMs = ms);
    return { guard, pulled, lines, spinUntil, idleUntil, helperUses };
  };

  it('sheds births first, then samples, while this process really uses too much, and takes it back', async () => {
    const { guard, pulled, lines, spinUntil, idleUntil } = guarded(true);
    expect(guard.stats()).toMatchObject({ level: 0, cpuPercent: null, intervalMs: 1000, unseen: null });
    await spinUntil(() => guard.stats().level === 3);
    expect(pulled).toEqual(['births off', '1000 ms', '2000 ms', '4000 ms']);
    expect(guard.stats()).toMatchObject({
      intervalMs: 4000,
      unseen: 'births are not traced; samples are taken every 4 s; what lives shorter may not be seen',
    });
    expect(guard.stats().cpuPercent).toBeGreaterThan(30);
    await idleUntil(() => guard.stats().level === 0);
    expect(pulled.slice(4)).toEqual(['2000 ms', '1000 ms', 'births on', '1000 ms']);
    expect(guard.stats()).toMatchObject({ unseen: null, intervalMs: 1000 });
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatchObject({ unseen: 'births are not traced', budgetPercent: 30 });
    expect(lines.every(({ cpuPercent }) => typeof cpuPercent === 'number')).toBe(true);
  });

  it('counts what the helper and the kernel use for it, and has nothing but samples to shed without births', async () => {
    const { guard, pulled, idleUntil, helperUses } = guarded(false);
    helperUses(1000);
    await idleUntil(() => guard.stats().level === 1);
    expect(pulled).toEqual(['2000 ms']);
    expect(guard.stats().unseen).toBe('samples are taken every 2 s; what lives shorter may not be seen');
    // The helper was started anew: not a use below zero.
    helperUses(5);
    await idleUntil(() => guard.stats().level === 0);
    expect(guard.stats().cpuPercent).toBeGreaterThanOrEqual(0);
  });
});
