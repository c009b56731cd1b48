import type { Command } from 'commander';
import { visible } from 'kernel-gossip-types';
import type { ExitCode } from '../exit-codes.ts';
import { targetOptions, type OutputFormat, type TargetOptions } from '../options.ts';
import { chooseTarget } from '../target/choose-target.ts';
import type { Target } from '../target/target.ts';
import { tellingWaits } from '../target/telling-waits.ts';
import type { Io } from '../terminal/io.ts';

/** What a command is made with: where to print, and where to leave its exit code. */
export interface CommandContext {
  readonly io: Io;
  readonly exitWith: (code: ExitCode) => void;
}

/** Runs something against the target that the options name, says on stderr which one it is, and lets go of it. */
export async function withTarget<A>(
  { io }: CommandContext,
  command: Command,
  work: (target: Target, options: TargetOptions) => Promise<A>,
): Promise<A> {
  const options = targetOptions(command);
  const target = await chooseTarget(options, io);
  if (!options.quiet) io.note(`# ${target.description}`);
  try {
    return await work(tellingWaits(target, io), options);
  } finally {
    await target.close();
  }
}

/** An option of the command as text, or null. */
export function textOption(options: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = options[name];
  return typeof value === 'string' ? value : null;
}

export const isMachineFormat = (format: OutputFormat): format is 'json' | 'yaml' | 'name' =>
  format === 'json' || format === 'yaml' || format === 'name';

/** Like `kernelwhisper.kernel.gossip.io/web-1-cpu-throttle-…`, which kubectl takes back. */
export const resourceName = (singular: string, name: string): string =>
  `${singular}.kernel.gossip.io/${visible(name)}`;
