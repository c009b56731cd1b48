import { Router } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isKernelGossipError } from 'kernel-gossip-types';
import type { ControllerObserver } from '../controllers/controller.ts';
import type { IntakeCounter } from '../intake/intake.ts';
import {
  WITHHELD_REASONS,
  WITHHELD_SCOPES,
  type WithheldReason,
  type WithheldScope,
} from '../ledger/whisper-caps.ts';
import type { Store } from '../store/port.ts';
import { deny } from './challenge.ts';
import { whyRefused } from './read-guard.ts';

const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const REQUEST_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** What the operator counts about itself. One registry an operator: two in one process do not share figures. */
export class OperatorMetrics {
  readonly registry = new Registry();
  readonly #observations: Counter<'type' | 'result'>;
  readonly #lost: Counter;
  readonly #otlp: Counter<'signal' | 'result'>;
  readonly #withheld: Counter<'reason'>;
  readonly #writes: Counter<'kind' | 'part' | 'result'>;
  readonly #reconciles: Counter<'controller' | 'result'>;
  readonly #reconcileErrors: Counter<'controller'>;
  readonly #reconcileTime: Histogram<'controller'>;
  readonly #requests: Histogram<'method' | 'route' | 'status_code'>;
  readonly #leader: Gauge<'name'>;

  constructor(version: string) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'kernel_gossip_build_info',
      help: 'The version of this operator; always 1.',
      labelNames: ['version'],
      registers,
    }).set({ version }, 1);
    this.#observations = new Counter({
      name: 'kernel_gossip_observations_total',
      help: 'Observations that arrived, by what became of them.',
      labelNames: ['type', 'result'],
      registers,
    });
    this.#lost = new Counter({
      name: 'kernel_gossip_observations_lost_total',
      help: 'Observations that their senders say they lost before they could send them.',
      registers,
    });
    this.#otlp = new Counter({
      name: 'kernel_gossip_otlp_items_total',
      help: 'Data points and spans that came by OTLP: accepted, rejected, or ignored since nothing is made of them.',
      labelNames: ['signal', 'result'],
      registers,
    });
    this.#withheld = new Counter({
      name: 'kernel_gossip_whispers_withheld_total',
      help: 'Evidence that would have opened a whisper, had there not been as many as there may be.',
      labelNames: ['reason'],
      registers,
    });
    // A rate sees the first one only where there was a 0 before it.
    for (const reason of WITHHELD_REASONS) this.#withheld.inc({ reason }, 0);
    this.#writes = new Counter({
      name: 'kernel_gossip_store_writes_total',
      help: 'Writes asked of the store, by what was written and how it ended.',
      labelNames: ['kind', 'part', 'result'],
      registers,
    });
    this.#reconciles = new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciliations per controller and result.',
      labelNames: ['controller', 'result'],
      registers,
    });
    this.#reconcileErrors = new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciliations per controller that failed.',
      labelNames: ['controller'],
      registers,
    });
    this.#reconcileTime = new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'How long a reconciliation took.',
      labelNames: ['controller'],
      buckets: RECONCILE_BUCKETS,
      registers,
    });
    this.#requests = new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'How long a request took.',
      labelNames: ['method', 'route', 'status_code'],
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.#leader = new Gauge({
      name: 'leader_election_master_status',
      help: '1 while this replica is the leader.',
      labelNames: ['name'],
      registers,
    });
  }

  readonly countObservation: IntakeCounter = (type, result) => {
    this.#observations.inc({ type, result });
  };

  /** What came by OTLP: data points and spans, by what became of them. */
  readonly countOtlp = (signal: string, result: string, items: number): void => {
    this.#otlp.inc({ signal, result }, items);
  };

  readonly countLost = (count: number): void => {
    this.#lost.inc(count);
  };

  readonly countWithheld = (reason: WithheldReason): void => {
    this.#withheld.inc({ reason });
  };

  /** Whether no further whisper is opened, in some namespace or in the cluster. */
  breaker(isOpen: (scope: WithheldScope) => boolean): void {
    new Gauge({
      name: 'kernel_gossip_breaker_open',
      help: '1 while there are as many whispers as there may be, and further ones are counted only.',
      labelNames: ['scope'],
      registers: [this.registry],
      collect() {
        for (const scope of WITHHELD_SCOPES) this.set({ scope }, isOpen(scope) ? 1 : 0);
      },
    });
  }

  readonly reconciled: ControllerObserver['reconciled'] = (controller, result, seconds) => {
    this.#reconciles.inc({ controller, result });
    if (result === 'error') this.#reconcileErrors.inc({ controller });
    this.#reconcileTime.observe({ controller }, seconds);
  };

  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status_code: String(status) }, seconds);
  }

  leader(name: string, isLeader: boolean): void {
    this.#leader.set({ name }, isLeader ? 1 : 0);
  }

  /** Reads a figure each time the metrics are read. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** Counts the windows of traffic that are kept in memory. */
  traffic(read: () => Readonly<Record<'requests' | 'flows', number>>): void {
    new Gauge({
      name: 'kernel_gossip_traffic_windows',
      help: 'Windows of traffic that this replica keeps in memory.',
      labelNames: ['kind'],
      registers: [this.registry],
      collect() {
        for (const [kind, count] of Object.entries(read())) this.set({ kind }, count);
      },
    });
  }

  queueDepth(controllers: readonly { readonly name: string; readonly depth: number }[]): void {
    new Gauge({
      name: 'workqueue_depth',
      help: 'Keys that wait in the work queue.',
      labelNames: ['name'],
      registers: [this.registry],
      collect() {
        for (const { name, depth } of controllers) this.set({ name }, depth);
      },
    });
  }

  /** The same store, its writes counted. */
  counting(store: Store): Store {
    const counted = async <T>(kind: string, part: string, write: Promise<T>): Promise<T> => {
      try {
        const written = await write;
        this.#writes.inc({ kind, part, result: 'ok' });
        return written;
      } catch (error) {
        // A conflict is ordinary: two writers met, and one of them reads again.
        const result = isKernelGossipError(error, 'KG_STORE_CONFLICT') ? 'conflict' : 'error';
        this.#writes.inc({ kind, part, result });
        throw error;
      }
    };
    return {
      name: store.name,
      apply: (kind, draft) => counted(kind, 'spec', store.apply(kind, draft)),
      applyStatus: (kind, ref, patch) => counted(kind, 'status', store.applyStatus(kind, ref, patch)),
      delete: (kind, ref, uid) => counted(kind, 'delete', store.delete(kind, ref, uid)),
      get: (kind, ref) => store.get(kind, ref),
      list: (kind, namespace) => store.list(kind, namespace),
      follow: (kind, follower, signal) => store.follow(kind, follower, signal),
      ping: (signal) => store.ping(signal),
      close: () => store.close(),
    };
  }
}

/** `/metrics`, in Prometheus' text format. */
export function metricsRouter({ registry }: OperatorMetrics): Router {
  const router = Router();
  router.get('/metrics', (request, response, next) => {
    const denial = whyRefused(request);
    if (denial !== null) {
      deny(request, response, denial);
      return;
    }
    registry
      .metrics()
      .then((text) => response.type(registry.contentType).send(text))
      .catch(next);
  });
  return router;
}
