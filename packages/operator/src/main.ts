import { pino, type Logger } from 'pino';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import type { Backend } from './backend.ts';
import { configHelp, readConfig, type OperatorConfig } from './config.ts';
import { startOperator } from './operator.ts';
import { sqliteBackend } from './sqlite-backend.ts';
import { VERSION } from './version.ts';

const USAGE = `kernel-gossip-operator ${VERSION}: takes kernel evidence in, files whispers and birth certificates.

Settings, as flags or as variables of the environment:
${configHelp()}
`;

const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const config = readConfig(argv, process.env);
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  log.info({ config }, 'configuration');
  const operator = await startOperator(config, await openBackend(config, log), log);
  const stop = (signal: string): void => {
    log.info({ signal }, 'stopping');
    void operator.close().then(() => {
      log.info('stopped');
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await operator.ended;
}

/** The client of Kubernetes is loaded where it is needed only: it is most of what the process would hold in memory. */
async function openBackend(config: OperatorConfig, log: Logger): Promise<Backend> {
  if (config.store === 'sqlite') return sqliteBackend(config.dataDir);
  const { kubernetesBackend } = await import('./kubernetes-backend.ts');
  return kubernetesBackend(config, log);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`kernel-gossip-operator: ${messageOf(error)}\n`);
  // At once: whoever lost the lease must not go on, not even to tidy up.
  process.exit(isKernelGossipError(error, 'KG_CONFIG_INVALID') ? EXIT_USAGE : EXIT_FAILED);
}
