import { httpMethod, httpStatus, remoteEnd, templatePath, text } from 'kernel-gossip-types';
import { count, moment, nanoseconds, needed, textual, type Column } from './cell.ts';
import { milliseconds, role, secondsBetween, SUBJECT, subjectOf, table } from './common.ts';

/** Whatever stands in answers: what is no status of HTTP (RFC 9110, section 15) is not known. */
const status: Column<number | null> = {
  expected: count.expected,
  read: (cell) => {
    const value = count.read(cell);
    return value == null || httpStatus.is(value) ? value : null;
  },
};

const LONGEST_PATH = 16_384;

const COLUMNS = {
  ...SUBJECT,
  first_time: needed(moment),
  role,
  method: needed(textual(httpMethod)),
  path: needed(textual(text(LONGEST_PATH))),
  status,
  requests: needed(count),
  p50_ns: nanoseconds,
  p90_ns: nanoseconds,
  p99_ns: nanoseconds,
  remote: textual(remoteEnd),
} as const;

/** Requests of one kind. The path is templated here too, so that no id leaves the machine on which the row was read. */
export const httpRequests = table(COLUMNS, (cells, context) => {
  const subject = subjectOf(cells, context);
  if (subject === null || cells.role === null || cells.requests === 0) return null;
  return {
    type: 'http_requests',
    ...subject,
    period_seconds: secondsBetween(cells.first_time, cells.time_),
    role: cells.role,
    method: cells.method,
    path: templatePath(cells.path),
    status: cells.status,
    requests: cells.requests,
    p50_ms: milliseconds(cells.p50_ns),
    p90_ms: milliseconds(cells.p90_ns),
    p99_ms: milliseconds(cells.p99_ns),
    remote: cells.remote,
  };
});
