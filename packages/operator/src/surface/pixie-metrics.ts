import { Counter, Gauge, type Registry } from 'prom-client';
import { SCRIPTS } from 'kernel-gossip-pxl-scripts';
import type { ScheduleObserver } from '../intake/pixie/schedule/scheduler.ts';

/**
 * What is counted about Pixie. Whether it is up is known to the replica that runs its scripts, and the others say nothing
 * of it.
 */
export function pixieMetrics(registry: Registry): Omit<ScheduleObserver, 'failed'> {
  const registers = [registry];
  const up = new Gauge({
    name: 'kernel_gossip_pixie_up',
    help: '1 while Pixie answers and its scripts run, else 0; only from the replica that runs them.',
    labelNames: ['reason'],
    registers,
  });
  const runs = new Counter({
    name: 'kernel_gossip_pixie_runs_total',
    help: 'Runs of scripts in Pixie: ok, or what they failed for (script, store, pixie).',
    labelNames: ['script', 'result'],
    registers,
  });
  const rows = new Counter({
    name: 'kernel_gossip_pixie_rows_total',
    help: 'Rows that were taken from Pixie, each once.',
    labelNames: ['script'],
    registers,
  });
  const rejected = new Counter({
    name: 'kernel_gossip_pixie_rows_rejected_total',
    help: 'Rows that could not be read, or that were refused.',
    labelNames: ['script'],
    registers,
  });
  const lost = new Counter({
    name: 'kernel_gossip_pixie_window_lost_seconds_total',
    help: 'Seconds that Pixie was never asked about, because it was away for too long.',
    labelNames: ['script'],
    registers,
  });
  // An alert sees the first loss only where there was a 0 before it.
  for (const { name } of SCRIPTS) lost.inc({ script: name }, 0);
  const success = new Gauge({
    name: 'kernel_gossip_pixie_last_success_timestamp_seconds',
    help: 'When a window of the script was last taken in whole.',
    labelNames: ['script'],
    registers,
  });
  return {
    ran: (run) => {
      const { script, result } = run;
      runs.inc({ script, result });
      rows.inc({ script }, run.rows);
      rejected.inc({ script }, run.rejected);
      if (result === 'ok') success.set({ script }, run.atMs / 1000);
    },
    lost: (script, seconds) => {
      lost.inc({ script }, seconds);
    },
    ready: (readiness) => {
      up.reset();
      if (readiness !== null) up.set({ reason: readiness.reason }, readiness.status === 'True' ? 1 : 0);
    },
  };
}
