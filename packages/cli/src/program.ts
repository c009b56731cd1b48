import { Command, CommanderError } from 'commander';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import { birthCertCommand } from './commands/birth-cert.ts';
import { completionCommand } from './commands/completion.ts';
import type { CommandContext } from './commands/context.ts';
import { crdsCommand } from './commands/crds.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { explainCommand } from './commands/explain.ts';
import { ingestCommand } from './commands/ingest.ts';
import { remedyCommand } from './commands/remedy.ts';
import { sendCommands } from './commands/send.ts';
import { flowsCommand, requestsCommand } from './commands/traffic.ts';
import { upCommand } from './commands/up.ts';
import { versionCommand } from './commands/version.ts';
import { watchCommand } from './commands/watch.ts';
import { whispersCommand } from './commands/whispers.ts';
import { EXIT, EXIT_MEANINGS, exitCodeOf, type ExitCode } from './exit-codes.ts';
import { numberFrom } from './options.ts';
import { readVersion } from './version.ts';
import { visibleLines } from './terminal/sanitize.ts';
import type { Io } from './terminal/io.ts';

const exitCodesHelp = (): string =>
  Object.entries(EXIT_MEANINGS)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join('\n');

const withSubcommands = (command: Command): readonly Command[] => [
  command,
  ...command.commands.flatMap(withSubcommands),
];

/** The whole command line. Its options may stand before or after the name of the command. */
export function createProgram(context: CommandContext, name: string): Command {
  const { io } = context;
  const program = new Command(name)
    .description(
      'What the Linux kernel really did to a pod: the second story, which the metrics do not tell.',
    )
    .version(readVersion())
    .option('--url <address>', 'operator to speak to (KGOSSIP_URL)')
    .option('--context <name>', 'context of the kubeconfig to speak to')
    .option('--kubeconfig <file>', 'kubeconfig to use (KUBECONFIG, ~/.kube/config)')
    .option('-n, --namespace <name>', 'namespace')
    .option(
      '--operator-namespace <name>',
      "namespace of the operator's Service, for send-*, ingest, requests and flows",
      'kernel-gossip',
    )
    .option(
      '--operator-service <name>',
      "name of the operator's Service, for send-*, ingest, requests and flows",
      'kernel-gossip-operator',
    )
    .option('--token-file <file>', 'file with a bearer token for the operator (KGOSSIP_TOKEN)')
    .option('--timeout <seconds>', 'how long to wait for an answer', numberFrom(0.1, 3600), 10)
    .option('-q, --quiet', 'do not say which target is spoken to')
    .option('--verbose', 'with errors, say where in the program they arose')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .showHelpAfterError('(--help tells what there is)')
    .addHelpText(
      'after',
      `
Whom it speaks to: --url, else KGOSSIP_URL, else the kubeconfig's cluster, else http://127.0.0.1:8080; stderr says which.

Exit codes:
${exitCodesHelp()}

Examples:
  kgossip demo                                see the whole story on this machine
  kgossip --url http://127.0.0.1:8080 whispers -A
  kgossip explain web-1 -n shop`,
    );
  const commands = [
    whispersCommand(context),
    watchCommand(context),
    explainCommand(context),
    birthCertCommand(context),
    requestsCommand(context),
    flowsCommand(context),
    remedyCommand(context),
    ...sendCommands(context),
    ingestCommand(context),
    upCommand(context),
    demoCommand(context),
    doctorCommand(context),
    crdsCommand(context),
    completionCommand(context, program),
    versionCommand(context),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({
      writeOut: io.out,
      writeErr: (text) => io.note(text.trimEnd()),
    });
    command.configureHelp({ showGlobalOptions: true }).allowExcessArguments(false);
  }
  return program;
}

function report(error: unknown, io: Io, verbose: boolean): void {
  const code = isKernelGossipError(error) ? `${error.code}: ` : '';
  io.note(`kgossip: ${code}${messageOf(error)}`);
  if (verbose && error instanceof Error) io.note(visibleLines(error.stack ?? ''));
}

/** Runs one command line and tells what to exit with. */
export async function run(argv: readonly string[], io: Io, name = 'kgossip'): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: EXIT.ok };
  const program = createProgram({ io, exitWith: (code) => (outcome.code = code) }, name);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Commander has already said what is wrong; help and version come as errors with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const verbose = argv.includes('--verbose') || (io.env.DEBUG ?? '') !== '';
    report(error, io, verbose);
    return exitCodeOf(error);
  }
}
