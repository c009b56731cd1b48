import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import { pino, type Logger } from 'pino';
import { systemClock } from './clock.ts';
import { configHelp, readConfig, readFlags, redacted, type ObserverConfig } from './config.ts';
import type { DeliveryStats } from './deliver/delivery.ts';
import { birthsCollector } from './expose/births.ts';
import { buildCollector } from './expose/build.ts';
import { cgroupsCollector } from './expose/cgroups.ts';
import { containerCollector } from './expose/containers.ts';
import { deliveryCollector } from './expose/delivery.ts';
import { guardCollector } from './expose/guard.ts';
import { networkCollector, podNetworkCollector } from './expose/network.ts';
import { processCollector } from './expose/process.ts';
import { expose, type Exposed } from './expose/server.ts';
import { startGuard, type Guard } from './guard/guard.ts';
import { startObserver, type Observer } from './observe.ts';
import { VERSION } from './version.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const STATS_EVERY_MS = 60_000;
const BUDGET_WINDOW_MS = 60_000;
const NS_PER_MS = 1e6;

const USAGE = `kernel-gossip-observer: reads what the kernel counts about every container and posts what it saw.

Settings, as flags or as variables of the environment:
${configHelp()}
`;

function guardOf({ cpuBudgetPercent, intervalMs }: ObserverConfig, observer: Observer, log: Logger): Guard {
  const settings = { budgetPercent: cpuBudgetPercent, windowMs: BUDGET_WINDOW_MS, intervalMs };
  const helperCpuMs = (): number | null => {
    const { runNs } = observer.stats().births;
    return runNs === null ? null : runNs / NS_PER_MS;
  };
  const { monotonicMs } = systemClock;
  return startGuard(settings, observer.levers, { log, monotonicMs, helperCpuMs });
}

async function exposed(
  { metricsPort, metricsHost, containerMetrics }: ObserverConfig,
  observer: Observer,
  guard: Guard,
): Promise<Exposed | null> {
  if (metricsPort === null) return null;
  const delivery = (): DeliveryStats => observer.stats().delivery;
  const collectors = [
    buildCollector(VERSION),
    processCollector,
    cgroupsCollector(() => observer.stats().cgroups),
    networkCollector(() => observer.stats().network),
    birthsCollector(() => observer.stats().births),
    deliveryCollector(delivery),
    guardCollector(() => guard.stats()),
    ...(containerMetrics
      ? [containerCollector(() => observer.snapshot()), podNetworkCollector(() => observer.networkSnapshot())]
      : []),
  ];
  const whyNotReady = (): string | null => {
    const { failures } = delivery();
    return failures === 0 ? null : `the operator takes nothing now; failures in a row: ${failures}`;
  };
  return expose({ port: metricsPort, host: metricsHost }, { collectors, whyNotReady });
}

async function run(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(USAGE);
    return;
  }
  const config = readConfig(readFlags(argv), process.env);
  const log = pino({ level: config.logLevel });
  log.info({ config: redacted(config) }, 'kernel-gossip-observer starts');
  const observer = startObserver(config, { log });
  const guard = guardOf(config, observer, log);
  const stats = setInterval(
    () => log.info({ ...observer.stats(), guard: guard.stats() }, 'still observing'),
    STATS_EVERY_MS,
  );
  let metrics: Exposed | null = null;
  const close = async (): Promise<void> => {
    clearInterval(stats);
    guard.close();
    await metrics?.close();
    await observer.close();
  };
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'kernel-gossip-observer ends');
    void close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    metrics = await exposed(config, observer, guard);
    if (metrics !== null) log.info({ host: config.metricsHost, port: metrics.port }, 'metrics can be read');
  } catch (error) {
    await close();
    throw error;
  }
}

function exitCodeOf(error: unknown): number {
  process.stderr.write(`kernel-gossip-observer: ${messageOf(error)}\n`);
  return isKernelGossipError(error, 'KG_CONFIG_INVALID') ? EXIT_USAGE : EXIT_FAILED;
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
