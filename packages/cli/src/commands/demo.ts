import { Command } from 'commander';
import type { CommandContext } from './context.ts';

/** `kgossip demo`. */
export const demoCommand = ({ io }: CommandContext): Command =>
  new Command('demo')
    .description(
      'See the whole story on this machine: a throttled process, its whisper, the limit lifted, a birth.',
    )
    .option('--replay', 'replay a recording even where a process could be throttled')
    .addHelpText(
      'after',
      `
Makes a CPU cgroup of its own (as root), starts a bursty process in it, and removes both at the end, also after Ctrl-C.
Where it may not, it replays a recording and says so. On a terminal it stays up until Ctrl-C; in a pipe it ends by itself.`,
    )
    .action(async (given: Readonly<Record<string, unknown>>) => {
      const { runDemo } = await import('../demo/demo.ts');
      await runDemo(
        { replay: given.replay === true, cgroupRoot: io.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup' },
        io,
      );
    });
