import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { KernelGossipError, messageOf, type Kind } from 'kernel-gossip-types';
import type { MaySend } from './authn/access-review.ts';
import { admitAnyone, authenticateByToken, usernameOf, type Authenticate } from './authn/authenticate.ts';
import {
  admitByToken,
  admitEveryReader,
  admitFromHere,
  admitNoReader,
  type AdmitReader,
  isLoopbackHost,
} from './authn/read-access.ts';
import type { Backend, Births, Reviews } from './backend.ts';
import type { OperatorConfig } from './config.ts';
import { birthCertifier } from './controllers/birth-certifier.ts';
import { birthJoiner, birthKeys, JOIN_POLICY } from './controllers/birth-joiner.ts';
import { Controller, type ControllerObserver } from './controllers/controller.ts';
import { keysOf } from './controllers/keys.ts';
import { metricsReader } from './controllers/metrics-reader.ts';
import { policyReporter } from './controllers/policy-reporter.ts';
import { remedyController, remedyKeys, type RemedyAccess } from './controllers/remedy-controller.ts';
import { whisperAssessor } from './controllers/whisper-assessor.ts';
import type { ReadPodMetrics } from './cluster/pod-metrics.ts';
import { exportFindings } from './export-findings.ts';
import { takeObservations, type IntakeParts } from './intake/intake.ts';
import { NumberedStreams } from './intake/numbered-streams.ts';
import type { Take } from './intake/pixie/schedule/row-taker.ts';
import { kubernetesPart } from './ledger/birth/kubernetes-part.ts';
import { CertificateLedger, type KubernetesKnowledge } from './ledger/certificate-ledger.ts';
import { MeasurementLedger } from './ledger/measurement-ledger.ts';
import { TrafficLedger } from './ledger/traffic-ledger.ts';
import { WhisperLedger } from './ledger/whisper-ledger.ts';
import { receiveOtlp } from './otlp.ts';
import { askPixie } from './pixie.ts';
import { ObjectIndex } from './store/object-index.ts';
import { applyPatiently } from './store/patient-store.ts';
import type { Store } from './store/port.ts';
import { createApp, createHttpServer } from './surface/app.ts';
import { ChangeFeed } from './surface/change-feed.ts';
import { drainable } from './surface/drain.ts';
import { findingMetrics } from './surface/finding-metrics.ts';
import type { ReadyCheck } from './surface/health.ts';
import { OperatorMetrics } from './surface/metrics.ts';
import { pageFolder } from './surface/page.ts';
import { readyMetrics } from './surface/ready-metrics.ts';
import { VERSION } from './version.ts';

export interface RunningOperator {
  /** Where it listens, like `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The ports on which it listens for OTLP; null where it does not. */
  readonly otlp: { readonly grpc: number | null; readonly http: number | null };
  readonly store: Store;
  /** Rejects when the operator cannot go on: its controllers ran on after leadership was lost. Resolves when it was closed. */
  readonly ended: Promise<void>;
  /** Stops taking work, ends what is under way, writes what was only counted, and lets go of everything. */
  close(): Promise<void>;
}

const WORKERS = 4;

/** The name under which the metrics say who leads: that of the lease. */
const LEASE = 'kernel-gossip-operator';

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
  const authenticate = authenticationOf(config, backend.reviews, log);
  const admit = readersOf(config, backend.reviews, log);
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
  const whispers = new WhisperLedger(ledgerStore, indexes.whispers, {
    maxWhispers: config.maxWhispers,
    maxPerNamespace: config.maxWhispersPerNamespace,
    quietAfterMs: config.quietAfterSeconds * 1000,
    observer: { withheld: metrics.countWithheld, full: (message) => log.warn(message) },
  });
  const certificates = new CertificateLedger(
    ledgerStore,
    indexes.certificates,
    config.maxCertificates,
    knowledgeOf(backend.births),
  );
  const traffic = new TrafficLedger(ledgerStore, indexes.whispers);
  const observer = controllerObserver(metrics, log);
  const controllers = [
    ...createControllers(store, indexes, whispers, { config, observer }),
    ...metricsReaders(backend.readMetrics, store, indexes.whispers, observer),
    ...remedyControllers(backend.remedies, store, indexes, observer),
    ...birthJoiners(backend.births, certificates, config, observer),
  ];
  const checks = [...readyChecks(store, all, draining.signal), ...backend.checks];
  findingMetrics(metrics.registry, indexes.whispers, indexes.certificates);
  readyMetrics(metrics.registry, checks);
  metrics.leader(LEASE, false);
  metrics.breaker((scope) => whispers.caps.isBreakerOpen(scope));
  metrics.queueDepth(controllers);
  metrics.traffic(() => traffic.sizes);
  metrics.gauge('kernel_gossip_event_readers', 'Readers of the stream of changes.', () => feed.readers);

  const intake: IntakeParts = {
    whispers,
    certificates,
    measurements: new MeasurementLedger(ledgerStore, indexes.whispers),
    traffic,
    directory: backend.directory,
    maySend: backend.reviews?.maySend ?? nobodyIsKnown,
    isSynced: () => all.every((index) => index.isSynced),
    now: Date.now,
    count: metrics.countObservation,
    streams: new NumberedStreams(metrics.countLost),
  };
  const runPixie = askPixie(config, { store, take: takeFromPixie(intake), metrics, log });
  const shown = [...all, ...onThisMachine(store)];
  const exporting = await exportFindings(config, { ...indexes, metrics, log });

  const following = Promise.all(shown.map((index) => index.follow(store, stopping.signal)));
  const app = createApp({
    webhook: {
      intake,
      authenticate,
      onFailure: (error) => log.warn({ why: reasonsOf(error) }, 'a request could not be taken in'),
    },
    watches: {
      whispers: indexes.whispers,
      nodeOfPod: (uid) => backend.directory?.byUid(uid)?.nodeName ?? null,
      authenticate,
      onFailure: (error) => log.warn({ why: reasonsOf(error) }, 'an observer could not be answered'),
    },
    readApi: {
      guard: {
        admit,
        onFailure: (error) => log.warn({ why: reasonsOf(error) }, 'a reader could not be answered'),
      },
      about: { name: 'kernel-gossip-operator', version: VERSION, store: store.name },
      indexes: shown,
      feed,
    },
    traffic: (pod) => traffic.podTraffic(pod),
    page: pageFolder(),
    checks,
    metrics,
    onBug: (error) => log.error({ err: error }, 'a request failed in a way it must not'),
  });
  const server = createHttpServer(app);
  const drain = drainable(server);
  await listen(server, config);
  const url = urlOf(server, config.host);
  const receiver = await receiveOtlp(config, {
    intake,
    authenticate,
    metrics,
    onFailure: (error) => log.warn({ why: reasonsOf(error) }, 'an export could not be taken in'),
  });
  const otlp = { grpc: receiver?.grpcPort ?? null, http: receiver?.httpPort ?? null };
  log.info({ url, otlp, store: store.name, version: VERSION }, 'listening');

  let askingPixie: Promise<void> = Promise.resolve();
  const leading = backend.lead(async (signal) => {
    metrics.leader(LEASE, true);
    log.info('this replica runs the controllers');
    await Promise.all(all.map(({ synced }) => Promise.race([synced, aborted(signal)])));
    // Before the controllers run, whose writes are what is told.
    const endExport = exporting.begin();
    askingPixie = runPixie(AbortSignal.any([signal, draining.signal]));
    await Promise.all([askingPixie, ...controllers.map((controller) => controller.run(signal))]);
    endExport();
    metrics.leader(LEASE, false);
    log.info('this replica has stopped the controllers');
  }, stopping.signal);
  const flushing = flushRegularly({ whispers, traffic }, config.flushSeconds * 1000, log, stopping.signal);

  const close = async (): Promise<void> => {
    draining.abort();
    feed.close();
    await Promise.all([drain(), receiver?.close(), askingPixie]);
    await whispers.flush().catch((error: unknown) => {
      log.error({ why: messageOf(error) }, 'the last counters could not be written');
    });
    stopping.abort();
    await Promise.allSettled([leading, flushing, following]);
    await exporting.close();
    whispers.close();
    traffic.close();
    await backend.close();
  };
  const ended = Promise.all([leading, following]).then(() => undefined);
  // Whoever started the operator awaits `ended`; until then a failure must not count as unhandled.
  ended.catch(() => undefined);
  let closing: Promise<void> | null = null;
  return {
    url,
    otlp,
    store,
    ended,
    close: () => (closing ??= close()),
  };
}

/** Rows of Pixie are some time old when they come: who is not known by then will not be. */
const takeFromPixie =
  (intake: IntakeParts): Take =>
  async (observations) => {
    const origin = {
      sender: { kind: 'anyone' },
      defaultSource: 'pixie',
      position: null,
      patienceMs: 0,
    } as const;
    const { answer } = await takeObservations(observations, origin, intake);
    return answer;
  };

/** What can be read of a machine without Kubernetes beside its findings. In a cluster, kubectl reads it. */
const onThisMachine = (store: Store): readonly ObjectIndex<'PixieSource'>[] =>
  store.name === 'sqlite' ? [new ObjectIndex('PixieSource')] : [];

/** Says who sends, as configured. Throws `KG_CONFIG_INVALID` where tokens are asked for and nobody could check them. */
function authenticationOf(
  { webhookAuth, observerServiceAccount, host }: OperatorConfig,
  reviews: Reviews | null,
  log: Logger,
): Authenticate {
  if (webhookAuth === 'none' || (webhookAuth === 'auto' && reviews === null)) {
    if (!isLoopbackHost(host))
      log.warn({ host }, 'whoever reaches this port may file findings: no token is asked for');
    return admitAnyone;
  }
  if (reviews === null) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      'WEBHOOK_AUTH: token needs the store kubernetes, since it is Kubernetes that checks tokens',
    );
  }
  return authenticateByToken({
    reviewToken: reviews.reviewToken,
    observer: usernameOf(observerServiceAccount),
  });
}

/** Says who may read, as configured. Throws `KG_CONFIG_INVALID` where tokens are asked for and nobody could check them. */
function readersOf({ readAuth, host }: OperatorConfig, reviews: Reviews | null, log: Logger): AdmitReader {
  switch (readAuth) {
    case 'none':
      if (!isLoopbackHost(host))
        log.warn({ host }, 'whoever reaches this port may read findings: no token is asked for');
      return admitEveryReader;
    case 'auto':
      return admitFromHere(reviews === null ? admitNoReader : admitByToken(reviews));
    case 'token':
      if (reviews !== null) return admitByToken(reviews);
      throw new KernelGossipError(
        'KG_CONFIG_INVALID',
        'READ_AUTH: token needs the store kubernetes, since it is Kubernetes that checks tokens',
      );
  }
}

/** Without a cluster no sender is known, so that this is never asked. */
const nobodyIsKnown: MaySend = () => Promise.resolve(false);

/** What went wrong and why: a sender is told the first of it only. */
const reasonsOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined
    ? `${error.message}: ${messageOf(error.cause)}`
    : messageOf(error);

const knowledgeOf =
  (births: Births | null): KubernetesKnowledge =>
  (uid) => {
    const birth = births?.pods.birthOf(uid) ?? null;
    return birth === null ? null : kubernetesPart(birth, null);
  };

/** None on a machine without Kubernetes, which has no times of its own to join. */
const birthJoiners = (
  births: Births | null,
  certificates: CertificateLedger,
  { birthsFromApi }: OperatorConfig,
  observer: ControllerObserver,
): readonly Controller[] =>
  births === null
    ? []
    : [
        new Controller({
          name: 'birth-joiner',
          keys: birthKeys(births.pods),
          workers: WORKERS,
          observer,
          reconcile: birthJoiner(
            { births: births.pods, certificates, readEvents: births.readEvents },
            { ...JOIN_POLICY, birthsFromApi },
          ),
        }),
      ];

/** None on a machine without Kubernetes, where nobody serves metrics. */
const metricsReaders = (
  readMetrics: ReadPodMetrics | null,
  store: Store,
  whispers: ObjectIndex<'KernelWhisper'>,
  observer: ControllerObserver,
): readonly Controller[] =>
  readMetrics === null
    ? []
    : [
        new Controller({
          name: 'metrics-reader',
          keys: keysOf(whispers),
          workers: WORKERS,
          observer,
          reconcile: metricsReader({ store, index: whispers, readMetrics, now: Date.now }),
        }),
      ];

/** None on a machine without Kubernetes, which has no pods to change. */
const remedyControllers = (
  remedies: RemedyAccess | null,
  store: Store,
  { whispers, policies }: Indexes,
  observer: ControllerObserver,
): readonly Controller[] =>
  remedies === null
    ? []
    : [
        new Controller({
          name: 'remedy-controller',
          keys: remedyKeys(whispers, policies),
          workers: WORKERS,
          observer,
          reconcile: remedyController({ ...remedies, store, whispers, policies, now: Date.now }),
        }),
      ];

interface ControllerSettings {
  readonly config: OperatorConfig;
  readonly observer: ControllerObserver;
}

const createControllers = (
  store: Store,
  { whispers, certificates, policies }: Indexes,
  ledger: WhisperLedger,
  { config, observer }: ControllerSettings,
): readonly Controller[] => [
  new Controller({
    name: 'whisper-assessor',
    keys: keysOf(whispers),
    workers: WORKERS,
    observer,
    reconcile: whisperAssessor(
      store,
      whispers,
      {
        quietAfterMs: config.quietAfterSeconds * 1000,
        keepResolvedMs: config.keepResolvedSeconds * 1000,
        withholdingOn: (whisper) => ledger.caps.withholdingOn(whisper),
      },
      Date.now,
    ),
  }),
  new Controller({
    name: 'birth-certifier',
    keys: keysOf(certificates),
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
    keys: keysOf(policies),
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
  { whispers, traffic }: { readonly whispers: WhisperLedger; readonly traffic: TrafficLedger },
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
    await traffic.flush().catch((error: unknown) => {
      log.warn({ why: messageOf(error) }, 'summaries of traffic could not be written, will try again');
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
