import { Command, Option } from 'commander';
import { KernelGossipError, KINDS } from 'kernel-gossip-types';
import { OUTPUT_FORMATS } from '../options.ts';
import { drawCertificate } from '../render/birth-certificate.ts';
import { documentWidth } from '../terminal/io.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { resourceName, textOption, withTarget, type CommandContext } from './context.ts';
import { findingsOf, podNameOf } from './pod-findings.ts';

/** `kgossip birth-cert <pod>`. */
export const birthCertCommand = (context: CommandContext): Command =>
  new Command('birth-cert')
    .alias('pbc')
    .description("Show a pod's birth certificate, its timeline drawn to scale.")
    .argument('<pod>', 'name of the pod, also as pod/NAME')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(OUTPUT_FORMATS).default('table'))
    .addHelpText(
      'after',
      "\nWhat was not measured says so. Times by a coarse clock (Kubernetes' own are whole seconds) are drawn grey, with their ±.\n\nExamples:\n  kgossip birth-cert web-1 -n shop\n  kgossip birth-cert web-1 -n shop -o json",
    )
    .action(async (pod: string, _given: unknown, command: Command) => {
      await withTarget(context, command, async (target, { namespace }) => {
        const { io } = context;
        const name = podNameOf(pod);
        const { certificates } = await findingsOf(target, name, namespace ?? target.defaultNamespace);
        // A pod that was made anew under its old name has one certificate for each uid: the latest is meant.
        const [latest] = [...certificates].sort(
          (a, b) => Date.parse(b.spec.recorded_at) - Date.parse(a.spec.recorded_at),
        );
        if (latest === undefined) {
          throw new KernelGossipError(
            'KG_NOT_FOUND',
            `The pod "${name}" has no birth certificate: it was born before anybody looked, or nobody traces births. \`kgossip explain ${name}\` tells what else is known.`,
          );
        }
        const format = textOption(command.opts(), 'output') ?? 'table';
        if (format === 'json') io.out(`${toJson(latest)}\n`);
        else if (format === 'yaml') io.out(toYaml(latest));
        else if (format === 'name') {
          io.out(`${resourceName(KINDS.PodBirthCertificate.singular, latest.metadata.name)}\n`);
        } else {
          io.out(
            `${drawCertificate(latest, { chalk: io.chalk, width: documentWidth(io), now: io.now() })}\n`,
          );
        }
      });
    });
