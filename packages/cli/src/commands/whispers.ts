import { Command, Option } from 'commander';
import { SEVERITIES, type KernelWhisper, type KernelWhisperList, type Severity } from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { OUTPUT_FORMATS } from '../options.ts';
import { byUrgency, byWorkload } from '../render/order.ts';
import { hasWorkload, whisperColumns } from '../render/whisper-columns.ts';
import type { Target } from '../target/target.ts';
import { table } from '../terminal/table.ts';
import { withTarget, isMachineFormat, type CommandContext } from './context.ts';
import { printList } from './print-list.ts';
import { isWanted, type WhispersOptions } from './wanted-whispers.ts';
import { watchWhispers } from './watch-whispers.ts';

const severityOf = (value: unknown): Severity | null =>
  SEVERITIES.find((severity) => severity === value) ?? null;

/** What is over is no reason to fail. */
const isAtOrAbove = (whisper: KernelWhisper, severity: Severity): boolean =>
  isWanted(whisper, { severity, open: true });

function emptyAnswer({ namespace, severity, open }: WhispersOptions): string {
  const which = [open ? 'open ' : '', severity === null ? '' : ` of severity ${severity} or worse`] as const;
  const where = namespace === null ? 'in any namespace' : `in namespace ${namespace}`;
  return `No ${which[0]}whispers${which[1]} ${where}: nobody has reported such trouble in the kernel. Whether anybody looks is what \`kgossip doctor\` tells${namespace === null ? '' : '; -A looks in all namespaces'}.`;
}

function printTable({ io }: CommandContext, list: KernelWhisperList, options: WhispersOptions): void {
  if (list.items.length === 0) {
    io.note(emptyAnswer(options));
    return;
  }
  const wide = options.output === 'wide';
  const grouped = list.items.some(hasWorkload);
  const columns = whisperColumns({ chalk: io.chalk, now: io.now(), wide, grouped });
  io.out(`${table(columns, byWorkload(list.items), wide ? null : io.columns)}\n`);
  const withheld = list.items.reduce((sum, { status }) => sum + (status?.withheld ?? 0), 0);
  if (withheld > 0) io.note(`# +${withheld} more of the same workloads, which have no whisper of their own`);
}

async function show(context: CommandContext, target: Target, options: WhispersOptions): Promise<void> {
  const { io, exitWith } = context;
  const all = await target.list('KernelWhisper', options.namespace);
  const items = all.items.filter((whisper) => isWanted(whisper, options)).sort(byUrgency);
  const list = { ...all, items };
  if (isMachineFormat(options.output)) io.out(printList(list, options.output));
  else printTable(context, list, options);
  const { failOn } = options;
  if (failOn !== null && items.some((whisper) => isAtOrAbove(whisper, failOn))) exitWith(EXIT.findings);
}

/** `kgossip whispers`. */
export const whispersCommand = (context: CommandContext): Command =>
  new Command('whispers')
    .alias('kw')
    .description('List whispers: what the kernel did to containers while the metrics looked calm.')
    .option('-A, --all-namespaces', 'of all namespaces')
    .addOption(
      new Option('--severity <severity>', 'this severity or worse').choices([...SEVERITIES].reverse()),
    )
    .option('--open', 'only those that are not resolved')
    .option('-w, --watch', 'go on and print each change as a further line')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table'))
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 when an open one is of this severity or worse').choices(
        [...SEVERITIES].reverse(),
      ),
    )
    .addHelpText(
      'after',
      `
Worst first, then open ones, then the newest; those of one workload stand together. "+12 more" are 12 like ones of it that
are counted and have no object of their own. Resolved ones are shown too, until the operator deletes them; --open hides them.
Without -n the namespace of the kubeconfig's context is meant; with --url all namespaces are, as an operator has no context.
With --watch, json is one object a line and yaml one document each.

Examples:
  kgossip whispers -A --severity warning
  kgossip whispers -n shop -o json | jq '.items[].status.insight'
  kgossip whispers -A --fail-on critical    # in a pipeline`,
    )
    .action(async (_given: unknown, command: Command) => {
      await withTarget(context, command, async (target, { namespace }) => {
        const given = command.opts<Readonly<Record<string, unknown>>>();
        const options: WhispersOptions = {
          namespace: given.allNamespaces === true ? null : (namespace ?? target.defaultNamespace),
          severity: severityOf(given.severity),
          open: given.open === true,
          output: OUTPUT_FORMATS.find((format) => format === given.output) ?? 'table',
          failOn: severityOf(given.failOn),
        };
        if (given.watch === true) await watchWhispers(context, target, options, isWanted);
        else await show(context, target, options);
      });
    });
