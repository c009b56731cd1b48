import { portNumber, remoteEnd, text } from 'kernel-gossip-types';
import { count, moment, needed, textual, type Column } from './cell.ts';
import { role, secondsBetween, SUBJECT, subjectOf, table } from './common.ts';

const port: Column<number | null> = {
  expected: `${portNumber.name}, or -1`,
  read: (cell) => {
    const value = count.read(cell);
    return value == null || portNumber.is(value) ? value : undefined;
  },
};

const COLUMNS = {
  ...SUBJECT,
  first_time: needed(moment),
  role,
  remote: textual(remoteEnd),
  remote_port: port,
  protocol: textual(text(31)),
  bytes_sent: count,
  bytes_received: count,
  connections: count,
} as const;

/** What a pod and one other end exchanged. Null where the other end is not known, or who called whom. */
export const networkFlows = table(COLUMNS, (cells, context) => {
  const subject = subjectOf(cells, context);
  const { role: side, remote, remote_port, protocol, bytes_sent, bytes_received, connections } = cells;
  if (subject === null || side === null || remote === null) return null;
  return {
    type: 'network_flow',
    ...subject,
    period_seconds: secondsBetween(cells.first_time, cells.time_),
    role: side,
    remote,
    remote_port,
    protocol,
    bytes_sent,
    bytes_received,
    connections,
  };
});
