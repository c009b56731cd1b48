import { Counter, Gauge, type Registry } from 'prom-client';

const RESULTS = ['sent', 'rejected', 'dropped'] as const;

/** What is counted about the records of findings that are exported. Returns what counts what became of them. */
export function exportMetrics(
  registry: Registry,
  waiting: () => number,
): (result: (typeof RESULTS)[number], records: number) => void {
  const registers = [registry];
  const records = new Counter({
    name: 'kernel_gossip_export_records_total',
    help: 'Records of findings by what became of them: sent, rejected by the receiver, or dropped for want of room.',
    labelNames: ['result'],
    registers,
  });
  // A rate sees the first one only where there was a 0 before it.
  for (const result of RESULTS) records.inc({ result }, 0);
  new Gauge({
    name: 'kernel_gossip_export_waiting',
    help: 'Records of findings that wait to be exported.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return (result, count) => {
    records.inc({ result }, count);
  };
}
