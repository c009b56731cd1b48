import { Command, Option } from 'commander';
import { API_VERSION, type KernelWhisperList } from 'kernel-gossip-types';
import { OUTPUT_FORMATS } from '../options.ts';
import { remedied } from '../remedy/choose-remedy.ts';
import { byNeed, remedyColumns } from '../render/remedy-columns.ts';
import { remedySheet } from '../render/remedy-sheet.ts';
import { documentWidth } from '../terminal/io.ts';
import { table } from '../terminal/table.ts';
import { isMachineFormat, type CommandContext } from './context.ts';
import { printList } from './print-list.ts';
import { persistCommand } from './remedy-persist.ts';
import { approveCommand, undoCommand } from './remedy-request.ts';
import { aboutPod, remediesAsked, withRemedies } from './with-remedies.ts';

const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table');

const formatOf = (command: Command): (typeof OUTPUT_FORMATS)[number] => {
  const { output } = command.opts<Readonly<Record<string, unknown>>>();
  return OUTPUT_FORMATS.find((format) => format === output) ?? 'table';
};

/** The whispers that carry the remedies: those are the objects. */
const listOf = (items: KernelWhisperList['items']): KernelWhisperList => ({
  apiVersion: API_VERSION,
  kind: 'KernelWhisperList',
  metadata: { resourceVersion: null },
  items,
});

const listCommand = (context: CommandContext): Command =>
  new Command('list')
    .description('List remedies: what is proposed, what was done, and whether it helped.')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nWhat waits for an approval comes first. WITHHELD says by how much less run time the kernel withholds.',
    )
    .action(async (given: Readonly<Record<string, unknown>>, command: Command) => {
      await withRemedies(context, command, async ({ whispers, namespace }) => {
        const { io } = context;
        const everywhere = given.allNamespaces === true;
        const found = remedied(await whispers(everywhere ? null : namespace)).toSorted(byNeed);
        const format = formatOf(command);
        if (isMachineFormat(format)) {
          io.out(printList(listOf(found.map(({ whisper }) => whisper)), format));
        } else if (found.length === 0) {
          const where = everywhere ? 'in any namespace' : `in namespace ${namespace}`;
          io.note(
            `No remedies ${where}: nothing was proposed. Which pods may be changed is said by policies: kubectl get remediationpolicies -A`,
          );
        } else {
          const wide = format === 'wide';
          const columns = remedyColumns({ chalk: io.chalk, now: io.now(), wide });
          io.out(`${table(columns, found, wide ? null : io.columns)}\n`);
        }
      });
    });

const showCommand = (context: CommandContext): Command =>
  aboutPod(new Command('show'))
    .description(
      'Show a remedy in full: checks, the exact patch, before and after, and what to change to make it last.',
    )
    .addOption(outputOption())
    .action(async (pod: string, _given: unknown, command: Command) => {
      await withRemedies(context, command, async (place) => {
        const { io } = context;
        const found = await remediesAsked(place, pod, command);
        const format = formatOf(command);
        if (isMachineFormat(format)) {
          io.out(printList(listOf(found.map(({ whisper }) => whisper)), format));
          return;
        }
        const paper = { chalk: io.chalk, width: documentWidth(io), now: io.now() };
        io.out(`${found.map((one) => remedySheet(one, paper)).join('\n\n')}\n`);
      });
    });

/** `kgossip remedy …`. */
export const remedyCommand = (context: CommandContext): Command =>
  new Command('remedy')
    .description('See, approve, undo and make lasting what is done about whispers. In a cluster only.')
    .addHelpText(
      'after',
      `
Examples:
  kgossip remedy list -A
  kgossip remedy show web-1 -n shop
  kgossip remedy approve web-1 -n shop
  kgossip remedy persist web-1 -n shop --print`,
    )
    .addCommand(listCommand(context))
    .addCommand(showCommand(context))
    .addCommand(approveCommand(context))
    .addCommand(undoCommand(context))
    .addCommand(persistCommand(context));
