import { isKnownTable, type Cell, type Row } from 'kernel-gossip-pxl-scripts';
import type { Attributes } from './attributes.ts';
import type { FoundRow, Unreadable } from './found-rows.ts';
import { momentOf, valueOf, type Series } from './series.ts';
import { subjectOf } from './subject.ts';

/** What our scripts' `px.export` names begin with: `kernel_gossip.<table>.<column>` a metric, `kernel_gossip.<column>` an attribute. */
const PREFIX = 'kernel_gossip.';

/** Who saw what our scripts export, and the way it came. */
export const EXPORT_SOURCE = 'pixie/otlp';

interface ColumnName {
  readonly table: string;
  readonly column: string;
}

/** Which column a metric is; null where it is none of ours. */
export function columnOf(metric: string): ColumnName | null {
  if (!metric.startsWith(PREFIX)) return null;
  const end = metric.indexOf('.', PREFIX.length);
  const table = metric.slice(PREFIX.length, end);
  return end > 0 && isKnownTable(table) ? { table, column: metric.slice(end + 1) } : null;
}

interface Draft {
  readonly table: string;
  readonly cells: Record<string, Cell>;
  items: number;
  /** Two rows came as one: which value belongs to which cannot be told. */
  isTwo: boolean;
}

export interface ExportedRows {
  readonly rows: readonly FoundRow[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * Puts the rows together again that `px.export` took apart. It sends one resource a row: the texts of the row are attributes of the
 * resource, its numbers are gauges. So what one resource says at one time about one table is one row.
 */
export function exportedRows(resource: Attributes, series: readonly Series[]): ExportedRows {
  const drafts = new Map<string, Draft>();
  const unreadable: Unreadable[] = [];
  const texts = textsOf(resource);
  for (const { name, points } of series) {
    const named = columnOf(name);
    if (named === null) continue;
    for (const point of points) {
      const time = momentOf(point.timeUnixNano);
      if (time === null) unreadable.push({ items: 1, why: `${name}: expected time_unix_nano, got nothing` });
      else add(drafts, { ...named, time, value: valueOf(point), texts });
    }
  }
  const { podUid } = subjectOf(resource);
  const rows: FoundRow[] = [];
  for (const { table, cells, items, isTwo } of drafts.values()) {
    if (isTwo) unreadable.push({ items, why: `${table}: expected one row of a resource at a time, got two` });
    else rows.push({ table, row: cells, source: EXPORT_SOURCE, podUid, items });
  }
  return { rows, unreadable };
}

interface Part extends ColumnName {
  readonly time: bigint;
  readonly value: bigint | number | null;
  readonly texts: Row;
}

function add(drafts: Map<string, Draft>, { table, column, time, value, texts }: Part): void {
  const key = `${table} ${time}`;
  const draft = drafts.get(key) ?? { table, cells: { ...texts, time_: time }, items: 0, isTwo: false };
  drafts.set(key, draft);
  draft.items += 1;
  if (Object.hasOwn(draft.cells, column)) draft.isTwo = true;
  else draft.cells[column] = value;
}

/** The columns that are texts. */
function textsOf(resource: Attributes): Row {
  const { pod, node, container, containerId } = subjectOf(resource);
  const own = [...resource].filter(([key]) => key.startsWith(PREFIX));
  return {
    ...Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), value])),
    pod,
    node,
    container,
    container_id: containerId,
  };
}
