import type { GuardStats } from '../guard/guard.ts';
import { single, type Collector } from './family.ts';

const PREFIX = 'kernel_gossip_observer';

/** What the observer may cost, what it costs, and what it sheds for that. */
export const guardCollector =
  (stats: () => GuardStats): Collector =>
  () => {
    const { level, budgetPercent, cpuPercent, intervalMs } = stats();
    const cpu = cpuPercent === null ? null : cpuPercent / 100;
    return [
      ...single('gauge', `${PREFIX}_cpu_budget_cores`, 'Most CPU that may be used.', budgetPercent / 100),
      ...single('gauge', `${PREFIX}_cpu_cores`, 'CPU used in the last whole window of the budget.', cpu),
      ...single('gauge', `${PREFIX}_shed_level`, '0 while nothing is shed to stay in the budget.', level),
      ...single('gauge', `${PREFIX}_interval_seconds`, 'Time between two samples.', intervalMs / 1000),
    ];
  };
