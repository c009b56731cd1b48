import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KernelGossipError, messageOf, type Kind } from 'kernel-gossip-types';
import type { Backend } from './backend.ts';
import type { OperatorConfig } from './config.ts';
import { birthCertifier } from './controllers/birth-certifier.ts';
import { Controller, type ControllerObserver } from './controllers/controller.ts';
import { policyReporter } from './controllers/policy-reporter.ts';
import { whisperAssessor } from './controllers/whisper-assessor.ts';
import { CertificateLedger } from './ledger/certificate-ledger.ts';
import { WhisperLedger } from './ledger/whisper-ledger.ts';
import { ObjectIndex } from './store/object-index.ts';
import { applyPatiently } from './store/patient-store.ts';
import type { Store } from './store/port.ts';
import { createApp, createHttpServer } from './surface/app.ts';
import { ChangeFeed } from './surface/change-feed.ts';
import { drainable } from './surface/drain.ts';
import type { ReadyCheck } from './surface/health.ts';
import { OperatorMetrics } from './surface/metrics.ts';
import { VERSION } from './version.ts';

export interface RunningOperator {
  /** Where it listens, like `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly store: Store;
  /** Rejects when the operator cannot go on: its controllers ran on after leadership was lost. Resolves when it was closed. */
  readonly ended: Promise<void>;
  /** Stops taking work, ends what is under way, writes what was only counted, and lets go of everything. */
  close(): Promise<void>;
}

const WORKERS = 4;

interface Indexes {
  readonly whispers: ObjectIndex<'KernelWhisper'>;
  readonly certificates: ObjectIndex<'PodBirthCertificate'>;
  readonly policies: ObjectIndex<'RemediationPolicy'>;
}

/** Starts the operator on a backend. Resolves when it listens. */
export async function startOperator(
  config: OperatorConfig,
  backend: Backend,
  log: Logger,
): Promise<RunningOperator> {
  const draining = new AbortController();
  const stopping = new AbortController();
  const metrics = new OperatorMetrics(VERSION);
  const store = metrics.counting(backend.store);
  const indexes: Indexes = {
    whispers: new ObjectIndex('KernelWhisper'),
    certificates: new ObjectIndex('PodBirthCertificate'),
    policies: new ObjectIndex('RemediationPolicy'),
  };
  const all: readonly ObjectIndex<Kind>[] = Object.values(indexes);
  const feed = new ChangeFeed(all);
  const ledgerStore = { ...store, apply: applyPatiently(store, config.patienceSeconds * 1000) };
  const whispers = new WhisperLedger(ledgerStore, indexes.whispers, { maxWhispers: config.maxWhispers });
  const certificates = new CertificateLedger(ledgerStore, indexes.certificates, config.maxCertificates);
  const controllers = createControllers(store, indexes, config, controllerObserver(metrics, log));
  metrics.whispers(indexes.whispers);
  metrics.queueDepth(controllers);
  metrics.gauge('kernel_gossip_event_readers', 'Readers of the stream of changes.', () => feed.readers);

  const following = Promise.all(all.map((index) => index.follow(store, stopping.signal)));
  const app = createApp({
    webhook: {
      intake: {
        whispers,
        certificates,
        directory: backend.directory,
        isSynced: () => all.every((index) => index.isSynced),
        now: Date.now,
        count: metrics.countObservation,
      },
      onFailure: (error) => log.warn({ why: messageOf(error) }, 'a request could not be stored'),
    },
    readApi: {
      about: { name: 'kernel-gossip-operator', version: VERSION, store: store.name },
      indexes: all,
      feed,
    },
    checks: [...readyChecks(store, all, draining.signal), ...backend.checks],
    metrics,
    onBug: (error) => log.error({ err: error }, 'a request failed in a way it must not'),
  });
  const server = createHttpServer(app);
  const drain = drainable(server);
  await listen(server, config);
  const url = urlOf(server, config.host);
  log.info({ url, store: store.name, version: VERSION }, 'listening');

  const leading = backend.lead(async (signal) => {
    metrics.leader('kernel-gossip-operator', true);
    log.info('this replica runs the controllers');
    await Promise.all(all.map(({ synced }) => Promise.race([synced, aborted(signal)])));
    await Promise.all(controllers.map((controller) => controller.run(signal)));
    metrics.leader('kernel-gossip-operator', false);
    log.info('this replica has stopped the controllers');
  }, stopping.signal);
  const flushing = flushRegularly(whispers, config.flushSeconds * 1000, log, stopping.signal);

  const close = async (): Promise<void> => {
    draining.abort();
    feed.close();
    await drain();
    await whispers.flush().catch((error: unknown) => {
      log.error({ why: messageOf(error) }, 'the last counters could not be written');
    });
    stopping.abort();
    await Promise.allSettled([leading, flushing, following]);
    whispers.close();
    await backend.close();
  };
  const ended = Promise.all([leading, following]).then(() => undefined);
  // Whoever started the operator awaits `ended`; until then a failure must not count as unhandled.
  ended.catch(() => undefined);
  let closing: Promise<void> | null = null;
  return {
    url,
    store,
    ended,
    close: () => (closing ??= close()),
  };
}

const createControllers = (
  store: Store,
  { whispers, certificates, policies }: Indexes,
  config: OperatorConfig,
  observer: ControllerObserver,
): readonly { readonly name: string; readonly depth: number; run(signal: AbortSignal): Promise<void> }[] => [
  new Controller({
    name: 'whisper-assessor',
    index: whispers,
    workers: WORKERS,
    observer,
    reconcile: whisperAssessor(
      store,
      whispers,
      { quietAfterMs: config.quietAfterSeconds * 1000, keepResolvedMs: config.keepResolvedSeconds * 1000 },
      Date.now,
    ),
  }),
  new Controller({
    name: 'birth-certifier',
    index: certificates,
    workers: WORKERS,
    observer,
    reconcile: birthCertifier(
      store,
      certificates,
      { keepUnownedMs: config.keepUnownedSeconds * 1000 },
      Date.now,
    ),
  }),
  new Controller({
    name: 'policy-reporter',
    index: policies,
    workers: 1,
    observer,
    reconcile: policyReporter(store, policies, Date.now),
  }),
];

const controllerObserver = (metrics: OperatorMetrics, log: Logger): ControllerObserver => ({
  reconciled: metrics.reconciled,
  stalled: (controller, key, message) =>
    log.error({ controller, key, why: message }, 'needs a person to mend it'),
  failed: (controller, key, message) => log.warn({ controller, key, why: message }, 'failed, will try again'),
});

const readyChecks = (
  store: Store,
  indexes: readonly ObjectIndex<Kind>[],
  draining: AbortSignal,
): readonly ReadyCheck[] => [
  { name: 'not-stopping', check: () => (draining.aborted ? 'the operator is stopping' : null) },
  {
    name: 'store',
    check: async () => {
      await store.ping();
      return null;
    },
  },
  {
    name: 'store-read',
    check: () => {
      const missing = indexes.filter(({ isSynced }) => !isSynced).map(({ kind }) => kind);
      return missing.length === 0 ? null : `not read yet: ${missing.join(', ')}`;
    },
  },
];

async function flushRegularly(
  whispers: WhisperLedger,
  everyMs: number,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    await whispers.flush().catch((error: unknown) => {
      log.warn(
        { why: messageOf(error), waiting: whispers.dirty },
        'counters could not be written, will try again',
      );
    });
  }
}

async function listen(server: Server, { port, host }: OperatorConfig): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      `WEBHOOK_PORT: cannot listen on ${host}:${port}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, 'abort');
