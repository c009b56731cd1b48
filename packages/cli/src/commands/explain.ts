import { Command, Option } from 'commander';
import { KINDS } from 'kernel-gossip-types';
import { OUTPUT_FORMATS } from '../options.ts';
import { byUrgency } from '../render/order.ts';
import { explainPod } from '../render/explain.ts';
import { documentWidth } from '../terminal/io.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { resourceName, textOption, withTarget, type CommandContext } from './context.ts';
import { findingsOf, podNameOf, type PodFindings } from './pod-findings.ts';

function machineText({ whispers, certificates }: PodFindings, format: string): string {
  const items = [...[...whispers].sort(byUrgency), ...certificates];
  if (format === 'name') {
    return items
      .map(({ kind, metadata }) => `${resourceName(KINDS[kind].singular, metadata.name)}\n`)
      .join('');
  }
  // Objects of two kinds: kubectl's own wrapper for mixed lists.
  const list = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items };
  return format === 'json' ? `${toJson(list)}\n` : toYaml(list);
}

/** `kgossip explain <pod>`. */
export const explainCommand = (context: CommandContext): Command =>
  new Command('explain')
    .description('Tell the story of one pod: kernel and metrics side by side, what to do, and its birth.')
    .argument('<pod>', 'name of the pod, also as pod/NAME')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText('after', '\nExamples:\n  kgossip explain web-1 -n shop\n  kgossip explain pod/web-1 -o yaml')
    .action(async (pod: string, _given: unknown, command: Command) => {
      await withTarget(context, command, async (target, { namespace }) => {
        const { io } = context;
        const name = podNameOf(pod);
        const findings = await findingsOf(target, name, namespace ?? target.defaultNamespace);
        const format = textOption(command.opts(), 'output') ?? 'table';
        if (format !== 'table' && format !== 'wide') {
          io.out(machineText(findings, format));
          return;
        }
        const paper = { chalk: io.chalk, width: documentWidth(io), now: io.now() };
        io.out(`${explainPod({ pod: name, ...findings }, paper)}\n`);
      });
    });
