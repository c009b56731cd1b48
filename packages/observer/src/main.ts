import { Command, CommanderError } from 'commander';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import { pino } from 'pino';
import { readConfig, redacted, SETTINGS } from './config.ts';
import { startObserver } from './observe.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const STATS_EVERY_MS = 60_000;

function command(): Command {
  const program = new Command('kernel-gossip-observer')
    .description('Reads what the kernel counts about every container and posts what it saw.')
    .exitOverride()
    .allowExcessArguments(false);
  for (const { flag, variable, help } of Object.values(SETTINGS)) {
    if (flag !== null) program.option(`--${flag} <value>`, `${help} (${variable})`);
  }
  return program;
}

/** commander names what `--node-name` sets `nodeName`. */
const flagged = (options: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      value,
    ]),
  );

function run(): void {
  const config = readConfig(flagged(command().parse().opts()), process.env);
  const log = pino({ level: config.logLevel });
  log.info({ config: redacted(config) }, 'kernel-gossip-observer starts');
  const observer = startObserver(config, { log });
  const stats = setInterval(() => log.info(observer.stats(), 'still observing'), STATS_EVERY_MS);
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'kernel-gossip-observer ends');
    clearInterval(stats);
    void observer.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  process.stderr.write(`kernel-gossip-observer: ${messageOf(error)}\n`);
  return isKernelGossipError(error, 'KG_CONFIG_INVALID') ? EXIT_USAGE : EXIT_FAILED;
}

try {
  run();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
