import { Gauge, type Registry } from 'prom-client';
import { runChecks, type ReadyCheck } from './health.ts';

/** The answers of `/ready` as a metric, asked when the metrics are read: the store is asked whether it is there. */
export function readyMetrics(registry: Registry, checks: readonly ReadyCheck[]): void {
  new Gauge({
    name: 'kernel_gossip_ready',
    help: '1 where this check of /ready holds, else 0.',
    labelNames: ['check'],
    registers: [registry],
    async collect() {
      for (const { name, ok } of await runChecks(checks)) this.set({ check: name }, ok ? 1 : 0);
    },
  });
}
