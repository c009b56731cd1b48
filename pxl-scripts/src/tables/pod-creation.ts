import { text } from 'kernel-gossip-types';
import { count, moment, nanoseconds, needed, textual, type CellsOf } from './cell.ts';
import { CONTAINER, containerOf, table, timeText } from './common.ts';

const COLUMNS = {
  ...CONTAINER,
  began_time: needed(moment),
  program: textual(text(256)),
  total_syscalls: count,
  duration_ns: nanoseconds,
  namespaces: count,
  mounts: count,
  cgroups_created: count,
  cgroup_writes: count,
} as const;

type Cells = CellsOf<typeof COLUMNS>;

/** When the container's own program took over: the end of the birth. */
const enteredAt = ({ began_time, duration_ns }: Cells): string | null =>
  duration_ns === null ? null : timeText(began_time + BigInt(Math.round(duration_ns)));

/**
 * The birth of one container. The pod's certificate is put together from those of its containers by the ledger, which also
 * adds them up, so no figure of one of them is told as the pod's. How many namespaces were made is not told on: a certificate
 * lists their kinds, which a number does not say.
 */
export const podCreation = table(COLUMNS, (cells, context) => {
  const subject = containerOf(cells, context);
  if (subject === null) return null;
  const { container_name, container_id, ...pod } = subject;
  const { program, total_syscalls, mounts, cgroups_created, cgroup_writes } = cells;
  const began_at = timeText(cells.began_time);
  const birth = { container_id, container_name, began_at, entered_at: enteredAt(cells), program };
  const counts = { total_syscalls, mounts, cgroups_created, cgroup_writes };
  return { type: 'pod_creation', ...pod, began_at, containers: [{ ...birth, ...counts }] };
});
