import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPENMP_LIBRARY, runtimeByNames } from './runtime.ts';
import { parseTaskStat } from './task-stat.ts';

describe('the runtime of a process', () => {
  it.each([
    [
      'jvm',
      ['java', 'java', 'GC Thread#0', 'G1 Main Marker', 'VM Thread', 'C2 CompilerThre', 'http-nio-8080-e'],
    ],
    ['jvm', ['java', 'C1 CompilerThre']],
    ['node', ['MainThread', 'DelayedTaskSche', 'V8Worker', 'V8Worker', 'SignalInspector', 'libuv-worker']],
    ['node', ['node', 'V8 Worker']],
    ['dotnet', ['dotnet', '.NET SynchManag', '.NET Tiered Com', '.NET TP Worker']],
    ['python', ['python3', 'python3', 'libuv-worker']],
    ['python', ['python3.12']],
  ])('is %s where its threads are called so', (runtime, names) => {
    expect(runtimeByNames(names)).toBe(runtime);
  });

  it.each([
    ['nothing that says so', ['nginx', 'nginx']],
    ['the names of their programs only', ['java', 'node', 'dotnet']],
    ['what others than Node have, too', ['libuv-worker']],
    ['the signs of two', ['VM Thread', 'V8Worker']],
    ['names that only begin like it', ['python3-config', 'pythonista', 'my VM Thread', 'x.NET TP Worker']],
    ['nothing at all', []],
  ])('is not guessed from %s', (_what, names) => {
    expect(runtimeByNames(names)).toBeNull();
  });

  it('is not OpenMP for a library whose name only resembles', () => {
    const line = '7f0000000000-7f0000001000 r-xp 00000000 08:01 1234 ';
    expect(OPENMP_LIBRARY.test(`${line}/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0\n`)).toBe(true);
    expect(OPENMP_LIBRARY.test(`${line}/app/torch/lib/libiomp5.so\n`)).toBe(true);
    expect(OPENMP_LIBRARY.test(`${line}/usr/lib/libgomp-plugin-nvptx.so.1\n`)).toBe(false);
    expect(OPENMP_LIBRARY.test(`${line}/usr/lib/libcomp.so\n`)).toBe(false);
  });
});

describe('the stat file of a thread', () => {
  const fields = (state: string, threads: number, start: number): string =>
    `${state} 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 ${threads} 0 ${start} 1000 10 18446744073709551615\n`;

  it('is read whatever the thread is called', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.nat(512), fc.nat(), (name, threads, startTicks) => {
        expect(parseTaskStat(`12 (${name}) ${fields('R', threads, startTicks)}`)).toEqual({
          name,
          state: 'R',
          threads,
          startTicks,
        });
      }),
    );
  });

  it('is nothing where it is cut off or something else', () => {
    const whole = `12 (a) ${fields('S', 3, 77)}`;
    expect(parseTaskStat(whole.slice(0, 40))).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => void parseTaskStat(text)));
    for (const text of ['', '12 (a', '12 a) R', `12 (a) ${fields('?', 1, 1)}`])
      expect(parseTaskStat(text)).toBeNull();
  });
});
