import { Command, Option } from 'commander';
import { messageOf, visible } from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { targetOptions } from '../options.ts';
import { chooseTarget } from '../target/choose-target.ts';
import type { Finding } from '../target/target.ts';
import { documentWidth, type Io } from '../terminal/io.ts';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { pad, wrap } from '../terminal/width.ts';
import { textOption, type CommandContext } from './context.ts';

const WORDS = { yes: 'yes', no: 'no', open: '?' } as const;

function findingLines({ question, ok, answer, advice }: Finding, io: Io): string {
  const { chalk } = io;
  const word = ok === null ? WORDS.open : ok ? WORDS.yes : WORDS.no;
  const paint = ok === null ? chalk.dim : ok ? chalk.green : chalk.red.bold;
  const width = documentWidth(io);
  const lines = [
    `${paint(pad(word, 4))} ${visible(question)}`,
    ...wrap(visible(answer), width - 5).map((line) => `     ${chalk.dim(line)}`),
    ...(advice === null ? [] : wrap(`→ ${visible(advice)}`, width - 5).map((line) => `     ${line}`)),
  ];
  return lines.join('\n');
}

async function targetFindings(command: Command, io: Io): Promise<readonly Finding[]> {
  try {
    const target = await chooseTarget(targetOptions(command), io);
    io.note(`# ${target.description}`);
    const findings = await target.examine();
    await target.close();
    return findings;
  } catch (error) {
    return [
      {
        question: 'target chosen',
        ok: false,
        answer: messageOf(error),
        advice: 'Name an operator with --url or a cluster with --context.',
      },
    ];
  }
}

/** `kgossip doctor`. */
export const doctorCommand = ({ io, exitWith }: CommandContext): Command =>
  new Command('doctor')
    .description('Tell what is reachable, readable and permitted from here, and what to do about each no.')
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json', 'yaml']).default('table'),
    )
    .addHelpText(
      'after',
      '\nExits 1 when an answer is no.\n\nExamples:\n  kgossip doctor --url http://127.0.0.1:8080\n  kgossip doctor -o json',
    )
    .action(async (_given: unknown, command: Command) => {
      // Loaded only here: the observer brings its log and its HTTP client with it.
      const { examineMachine } = await import('../doctor/machine.ts');
      const findings = [
        ...examineMachine({
          cgroupRoot: io.env.KGOSSIP_CGROUP_ROOT ?? '/sys/fs/cgroup',
          btf: '/sys/kernel/btf/vmlinux',
          nodeVersion: process.version,
        }),
        ...(await targetFindings(command, io)),
      ];
      const format = textOption(command.opts(), 'output') ?? 'table';
      if (format === 'json') io.out(`${toJson({ findings })}\n`);
      else if (format === 'yaml') io.out(toYaml({ findings }));
      else io.out(`${findings.map((finding) => findingLines(finding, io)).join('\n')}\n`);
      if (findings.some(({ ok }) => ok === false)) exitWith(EXIT.findings);
    });
