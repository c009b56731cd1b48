import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { templatePath } from 'kernel-gossip-types';
import { attributesOf, integerAt, textAt, type Attributes } from './attributes.ts';
import type { Found, FoundRow, Unreadable } from './found-rows.ts';
import { messageOf, messagesOf, type Message, type NoteFault } from './message.ts';
import { momentOf } from './series.ts';
import { subjectOf, type Subject } from './subject.ts';

/** Who saw what spans say: the instrumented program itself. */
export const SPAN_SOURCE = 'otlp/spans';

/** SpanKind, as the definitions number it, and what we call the side. */
const ROLES: Readonly<Record<number, Role>> = { 2: 'server', 3: 'client' };
type Role = 'client' | 'server';
/** The same in the columns of `http_requests`, as Pixie numbers them. */
const ROLE_CELLS: Readonly<Record<Role, bigint>> = { client: 1n, server: 2n };

/** What is told of together: requests of one kind. */
interface Group {
  readonly subject: Subject;
  readonly role: Role;
  readonly method: string;
  readonly path: string;
  /** Null where there was no answer. */
  readonly status: bigint | null;
  readonly remote: string;
  readonly durationsNs: number[];
  firstNs: bigint;
  lastNs: bigint;
}

/**
 * Finds requests in an ExportTraceServiceRequest: HTTP spans of servers and clients in pods, put together by kind. The
 * figures are of the spans that came in this request: where traces are sampled, of those. Left names a field that is not what the
 * definitions say.
 */
export function rowsOfSpans(request: Message): Either<string, Found> {
  const faults: string[] = [];
  const noteFault: NoteFault = (field) => faults.push(field);
  const groups = new Map<string, Group>();
  const unreadable: Unreadable[] = [];
  let items = 0;
  let ignored = 0;
  for (const resourceSpans of messagesOf(request, 'resourceSpans', noteFault)) {
    const subject = subjectOf(attributesOf(messageOf(resourceSpans, 'resource', noteFault), noteFault));
    for (const span of spansOf(resourceSpans, noteFault)) {
      items += 1;
      const kind = subject.pod === '' ? null : kindOf(span, attributesOf(span, noteFault));
      const firstNs = momentOf(span.startTimeUnixNano);
      const lastNs = momentOf(span.endTimeUnixNano);
      if (kind === null) ignored += 1;
      else if (firstNs === null || lastNs === null || lastNs < firstNs) unreadable.push(OUT_OF_TIME);
      else add(groups, { ...kind, subject }, firstNs, lastNs);
    }
  }
  const rows = [...groups.values()].map(rowOf);
  const [fault] = faults;
  return fault === undefined ? right({ items, rows, unreadable, ignored }) : left(fault);
}

const OUT_OF_TIME: Unreadable = { items: 1, why: 'span: expected a start and an end after it' };

const spansOf = (resourceSpans: Message, noteFault: NoteFault): readonly Message[] =>
  messagesOf(resourceSpans, 'scopeSpans', noteFault).flatMap((scope) =>
    messagesOf(scope, 'spans', noteFault),
  );

type Kind = Pick<Group, 'role' | 'method' | 'path' | 'status' | 'remote'>;

/**
 * What kind of request a span is about; null where it is about none. The second name is always the one that the semantic
 * conventions had before 1.23, which many libraries still send.
 */
function kindOf({ kind }: Message, attributes: Attributes): Kind | null {
  const role = ROLES[Number(kind)];
  const method = textAt(attributes, 'http.request.method', 'http.method');
  if (role === undefined || method === null) return null;
  return {
    role,
    method,
    path: templatePath(targetOf(role, attributes)),
    status: integerAt(attributes, 'http.response.status_code', 'http.status_code'),
    remote: remoteOf(role, attributes),
  };
}

/** A route is the server's own template of the path. */
const targetOf = (role: Role, attributes: Attributes): string =>
  (role === 'server'
    ? textAt(attributes, 'http.route', 'url.path', 'http.target')
    : textAt(attributes, 'url.template', 'url.path', 'url.full', 'http.url', 'http.target')) ?? '';

/** A server's remote end is who sent the request to it, not for whom: that may be a person. */
const remoteOf = (role: Role, attributes: Attributes): string =>
  (role === 'server'
    ? textAt(attributes, 'network.peer.address', 'net.sock.peer.addr', 'client.address')
    : textAt(attributes, 'server.address', 'net.peer.name')) ?? '';

function add(
  groups: Map<string, Group>,
  kind: Kind & { readonly subject: Subject },
  firstNs: bigint,
  lastNs: bigint,
): void {
  const { subject, role, method, path, status, remote } = kind;
  const key = [subject.pod, subject.podUid, role, method, path, status, remote].join('\n');
  const group = groups.get(key) ?? { ...kind, durationsNs: [], firstNs, lastNs };
  groups.set(key, group);
  group.durationsNs.push(Number(lastNs - firstNs));
  if (firstNs < group.firstNs) group.firstNs = firstNs;
  if (lastNs > group.lastNs) group.lastNs = lastNs;
}

/** The nearest rank: the smallest value that at least this share of all values does not exceed. It is one that was measured. */
export const nearestRank = (sorted: ArrayLike<number>, share: number): number | null =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;

/** In the columns of our own table, -1 is what was not measured. */
const UNKNOWN = -1n;

function rowOf({
  subject,
  role,
  method,
  path,
  status,
  remote,
  durationsNs,
  firstNs,
  lastNs,
}: Group): FoundRow {
  const sorted = Float64Array.from(durationsNs).sort();
  return {
    table: 'http_requests',
    row: {
      time_: lastNs,
      first_time: firstNs,
      pod: subject.pod,
      node: subject.node,
      role: ROLE_CELLS[role],
      method,
      path,
      status: status ?? UNKNOWN,
      requests: BigInt(sorted.length),
      p50_ns: nearestRank(sorted, 0.5),
      p90_ns: nearestRank(sorted, 0.9),
      p99_ns: nearestRank(sorted, 0.99),
      remote,
    },
    source: SPAN_SOURCE,
    podUid: subject.podUid,
    items: sorted.length,
  };
}
