import { describe, expect, it } from 'vitest';
import { syscallsIn } from './syscall-trace.ts';

const trace = (...lines: readonly string[]): string =>
  ['# entries-in-buffer/entries-written: 10/12   #P:2', ...lines].join('\n');

describe('a recording of system calls', () => {
  it('is counted from the first exec of the root to the entry, with threads and children', () => {
    const { by, lost } = syscallsIn(
      trace(
        '            node-7       [000] ..... 1.000001: sys_enter: NR 59 (1, 2)',
        '            runc-7       [000] ..... 1.000002: sched_process_exec: filename=/bin/runc pid=7 old_pid=7',
        '            runc-7       [000] ..... 1.000003: sys_enter: NR 9 (0)',
        '            runc-7       [000] ..... 1.000004: sched_process_fork: comm=runc pid=7 child_comm=runc child_pid=8',
        '   a -99 [001] b-8       [001] d.... 1.000005: sys_enter: NR 9 (0)',
        '            yes-9        [001] ..... 1.000006: sys_enter: NR 1 (0)',
        '            runc-8       [001] ..... 1.000007: sys_enter: NR 59 (0)',
        '              sh-8       [001] ..... 1.000008: sched_process_exec: filename=/bin/sh pid=8 old_pid=8',
        '              sh-8       [001] ..... 1.000009: sys_enter: NR 1 (0)',
        '            runc-7       [000] ..... 1.000010: sched_process_exit: comm=runc pid=7 prio=120',
        '           other-7       [000] ..... 1.000011: sys_enter: NR 1 (0)',
      ),
      7,
      '/bin/sh',
    );
    expect(by).toEqual({ 9: 2, 59: 1 });
    expect(lost).toBe(2);
  });

  it('follows a thread that takes the place of its process', () => {
    const { by } = syscallsIn(
      trace(
        'runc-7 [000] ..... 1.000002: sched_process_exec: filename=/bin/runc pid=7 old_pid=7',
        'runc-7 [000] ..... 1.000003: sched_process_fork: comm=runc pid=7 child_comm=runc child_pid=8',
        'runc-7 [000] ..... 1.000004: sched_process_exec: filename=/proc/self/exe pid=7 old_pid=8',
        'runc-7 [000] ..... 1.000005: sys_enter: NR 9 (0)',
      ),
      7,
      '/bin/sh',
    );
    expect(by).toEqual({ 9: 1 });
  });
});
