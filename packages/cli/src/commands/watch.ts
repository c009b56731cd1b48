import { Command, Option } from 'commander';
import { SEVERITIES, type Severity } from 'kernel-gossip-types';
import { watchLive } from '../watch/watch-live.ts';
import { textOption, withTarget, type CommandContext } from './context.ts';
import { isWanted, type WhispersOptions } from './wanted-whispers.ts';
import { watchWhispers } from './watch-whispers.ts';

/** `kgossip watch`. */
export const watchCommand = (context: CommandContext): Command =>
  new Command('watch')
    .description('Show who is whispering now, worst first, and keep it up to date like top.')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addOption(
      new Option('--severity <severity>', 'this severity or worse').choices([...SEVERITIES].reverse()),
    )
    .addHelpText(
      'after',
      `
Keys: q quits, / filters by name, s sorts otherwise, r shows resolved ones too, p pauses, arrows, page up and page down move.
The whisper that is selected is told of below, each figure with its source and its window.
TREND is a sign for each figure of the whisper that came while you watched, from 0 to 100 %, the newest on the right.
Where no terminal is, each change is a further line, as with \`whispers --watch\`.

Examples:
  kgossip watch -A
  kgossip watch -n shop --severity warning | tee whispers.log`,
    )
    .action(async (_given: unknown, command: Command) => {
      await withTarget(context, command, async (target, { namespace: named }) => {
        const given = command.opts<Readonly<Record<string, unknown>>>();
        const options: WhispersOptions = {
          namespace: given.allNamespaces === true ? null : (named ?? target.defaultNamespace),
          severity: textOption(given, 'severity') as Severity | null,
          open: false,
          output: 'table',
          failOn: null,
        };
        const { openScreen } = context.io;
        if (openScreen === null) await watchWhispers(context, target, options, isWanted);
        else await watchLive({ target, options, io: context.io, openScreen });
      });
    });
