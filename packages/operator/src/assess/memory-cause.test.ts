import { describe, expect, it } from 'vitest';
import { memoryCause } from './memory-cause.ts';
import { specWith } from './testing.ts';

function cause(memory: object, fields: object = {}) {
  const spec = specWith({
    kind: 'memory_pressure',
    container_name: 'app',
    memory: { window_seconds: 10, ...memory },
    ...fields,
  });
  if (spec.memory === null) throw new Error('expected figures of memory');
  return memoryCause(spec, spec.memory);
}

const WHOLE_POD = { container_name: undefined };
const AFTER_A_MINUTE = { ended_at: '2026-01-01T00:01:05Z' };
const AT_ONCE = { ended_at: '2026-01-01T00:00:01Z' };

describe('the cause of want of memory', () => {
  it('is the limit where it is near, waited for or not', () => {
    expect(cause({ usage_percent: 96, stalled_percent: 30 })).toEqual({
      kind: 'memory_limit_near',
      evidence: ['usage_percent: 96% in 10 s', 'stalled_percent: 30% in 10 s'],
      would_tell: null,
    });
  });

  it('is reclaim where tasks wait and the limit is far, or there is none', () => {
    expect(cause({ usage_percent: 40, stalled_percent: 30 })).toMatchObject({
      kind: 'memory_reclaim',
      would_tell: null,
    });
    expect(cause({ stalled_percent: 30 })).toMatchObject({
      kind: 'memory_reclaim',
      would_tell: expect.stringMatching(/share of a limit was not measured/) as string,
    });
  });

  it('is a child that was killed while the container goes on', () => {
    expect(cause({ usage_percent: 40, oom_kills: 1, episode_oom_kills: 1 })).toMatchObject({
      kind: 'child_oom_killed',
      evidence: [
        'usage_percent: 40% in 10 s',
        'oom_kills: 1 in 10 s',
        'episode_oom_kills: 1 since detected_at',
        'ended_at: none; nobody reported that the container is gone',
      ],
    });
    expect(cause({ usage_percent: 96, oom_kills: 0, episode_oom_kills: 1 }, AT_ONCE)).toMatchObject({
      kind: 'child_oom_killed',
      would_tell: null,
    });
    expect(cause({ oom_kills: 1, episode_oom_kills: 1 }, AFTER_A_MINUTE).kind).toBe('child_oom_killed');
  });

  it('is not a child where the container may have gone with it', () => {
    expect(cause({ usage_percent: 40, oom_kills: 1, episode_oom_kills: 1 }, AT_ONCE).kind).toBe('unknown');
    expect(cause({ usage_percent: 96, oom_kills: 1, episode_oom_kills: 1 }, AFTER_A_MINUTE).kind).toBe(
      'memory_limit_near',
    );
    expect(cause({ oom_kills: 1, episode_oom_kills: 1 }, WHOLE_POD)).toMatchObject({
      kind: 'unknown',
      would_tell: expect.stringMatching(/^which container it was/) as string,
    });
  });

  it('is unknown where nothing was measured, and says what was not', () => {
    expect(cause({})).toEqual({
      kind: 'unknown',
      evidence: [],
      would_tell: 'usage_percent, stalled_percent, oom_kills were not measured',
    });
    expect(cause({ usage_percent: 60 }).would_tell).toBe('stalled_percent, oom_kills were not measured');
  });
});
