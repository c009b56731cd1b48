import { MEMORY } from '../thresholds.ts';
import { count, counter, moment, type CellsOf } from './cell.ts';
import { CONTAINER, containerOf, rounded, secondsOf, table } from './common.ts';

const COLUMNS = {
  ...CONTAINER,
  first_time: moment,
  usage_bytes: count,
  limit_bytes: counter,
  rss_bytes: count,
  major_faults: count,
  oom_kills: count,
} as const;

type Cells = CellsOf<typeof COLUMNS>;

/** The kernel writes "no limit" as a number of bytes that no machine has. */
const limitOf = ({ limit_bytes: limit }: Cells): number | null =>
  limit === null || limit === 0n || limit > Number.MAX_SAFE_INTEGER ? null : Number(limit);

/**
 * Share of the limit that is in use, in percent. The kernel's count holds the page cache, which it drops before it kills:
 * many containers are always at their limit by it. What their processes have resident is without it, but counts shared pages
 * once for each process. So neither is ever too low, and the lower one of the two is taken; null where one is missing.
 */
function usedPercent({ usage_bytes, rss_bytes }: Cells, limit: number | null): number | null {
  if (usage_bytes === null || rss_bytes === null || limit === null) return null;
  return rounded(Math.min(100, (100 * Math.min(usage_bytes, rss_bytes)) / limit));
}

/** How much memory a container had. Null unless it is near its limit or a process of it was killed. */
export const memoryPressure = table(COLUMNS, (cells, context) => {
  const subject = containerOf(cells, context);
  const limit = limitOf(cells);
  const percent = usedPercent(cells, limit);
  const isNear = percent !== null && percent >= MEMORY.nearPercent;
  if (subject === null || !(isNear || (cells.oom_kills ?? 0) > 0)) return null;
  return {
    type: 'memory_pressure',
    ...subject,
    period_seconds: secondsOf(cells),
    memory_usage_percentage: percent,
    memory_usage_bytes: cells.usage_bytes,
    memory_limit_bytes: limit,
    oom_kills: cells.oom_kills,
  };
});
