import { describe, expect, it } from 'vitest';
import { readScript, SCRIPTS, withWindow } from './scripts.ts';

const window = { startNs: 1_767_225_600_123_456_789n, endNs: 1_767_225_630_123_456_789n };

describe.each(SCRIPTS)('$name', ({ name, intervalSeconds, mutation, probeTtlSeconds, tracepoints }) => {
  it('looks back as long as its interval, and takes another window', async () => {
    const text = await readScript(name);
    expect(text).toContain(`\nstart_time = '-${intervalSeconds}s'\nend_time = px.now()\n`);
    const changed = withWindow(text, window).split('\n');
    const different = text.split('\n').filter((line, index) => line !== changed[index]);
    expect(different).toHaveLength(2);
    expect(changed).toContain('start_time = 1767225600123456789');
    expect(changed).toContain('end_time = 1767225630123456789');
  });

  it('puts in the probes that are said, for as long as is said', async () => {
    const text = await readScript(name);
    const calls = [...text.matchAll(/pxtrace\.UpsertTracepoint\(\s*'(\w+)'[^]*?'(\d+)m'\)/g)];
    expect(calls.map(([, probe]) => probe)).toEqual(tracepoints);
    for (const [, , minutes] of calls) expect(Number(minutes) * 60).toBe(probeTtlSeconds);
    // By such a line the command line of Pixie sees that it must send a mutation.
    expect(/^import pxtrace$/m.test(text)).toBe(mutation);
  });
});

describe('a script without its two lines', () => {
  it.each(['', "start_time = '-30s'\n", "start_time = '-30s'\nstart_time = '-1m'\nend_time = px.now()\n"])(
    'is refused: %j',
    (text) => {
      expect(() => withWindow(text, window)).toThrow('start_time');
    },
  );
});
