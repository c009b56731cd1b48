/**
 * Counters of a network namespace, under the names of nstat(8): the protocol and the column of `/proc/<pid>/net/snmp` and
 * `/proc/<pid>/net/netstat`. Those of TCP count IPv4 and IPv6 together, those of UDP count IPv4 alone.
 */
const TCP = [
  'ActiveOpens',
  'PassiveOpens',
  'AttemptFails',
  'EstabResets',
  'CurrEstab',
  'InSegs',
  'OutSegs',
  'RetransSegs',
  'OutRsts',
] as const;
const UDP = ['InDatagrams', 'NoPorts', 'InErrors', 'OutDatagrams', 'RcvbufErrors'] as const;
const TCP_EXT = [
  'EmbryonicRsts',
  'ListenOverflows',
  'ListenDrops',
  'TCPTimeouts',
  'TCPAbortOnData',
  'TCPAbortOnClose',
] as const;

export type SnmpCounter = `Tcp${(typeof TCP)[number]}` | `Udp${(typeof UDP)[number]}`;
export type NetstatCounter = `TcpExt${(typeof TCP_EXT)[number]}`;
export type Counter = SnmpCounter | NetstatCounter;

export const COUNTERS: readonly Counter[] = [
  ...TCP.map((name) => `Tcp${name}` as const),
  ...UDP.map((name) => `Udp${name}` as const),
  ...TCP_EXT.map((name) => `TcpExt${name}` as const),
];

/** Whole numbers since the namespace was made; null where the kernel has no such column. All but `TcpCurrEstab` only grow. */
export type Counters<C extends Counter = Counter> = Readonly<Record<C, number | null>>;

/** Digits that a double holds exactly. A gauge summed over CPUs while it changes may print as 2^64 - 1. */
function parseCounter(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

function lineAt(text: string, start: number): string | null {
  const end = text.indexOf('\n', start);
  return end < 0 ? null : text.slice(start, end);
}

/** The first line that begins with `prefix`, and the one behind it, which must begin so too; null where either is cut off. */
function pairOf(text: string, prefix: string): readonly [string, string] | null {
  const start = `\n${text}`.indexOf(`\n${prefix}`);
  const names = start < 0 ? null : lineAt(text, start);
  if (names === null) return null;
  const values = lineAt(text, start + names.length + 1);
  return values?.startsWith(prefix) === true ? [names, values] : null;
}

/**
 * Reads some columns of a protocol from a pair of lines, `Tcp: names` and `Tcp: values`. Goes by name: kernels add columns,
 * and not only at the end (`IpExt`, `TcpExt`).
 */
function parseProtocol(
  text: string,
  protocol: string,
  columns: readonly string[],
): (readonly [string, number | null])[] {
  const prefix = `${protocol}: `;
  const [names, values] = (pairOf(text, prefix) ?? []).map((line) => line.slice(prefix.length).split(' '));
  const isWhole = names !== undefined && names.length === values?.length;
  return columns.map((column) => [
    `${protocol}${column}`,
    isWhole ? parseCounter(values[names.indexOf(column)]) : null,
  ]);
}

/** Puts counters, of which there is one entry each, together. */
export const collect = <C extends Counter>(
  entries: readonly (readonly [string, number | null])[],
): Counters<C> => Object.fromEntries(entries) as Counters<C>;

/** Reads the text of `/proc/<pid>/net/snmp`. Total: what cannot be read is null. */
export const parseSnmp = (text: string): Counters<SnmpCounter> =>
  collect([...parseProtocol(text, 'Tcp', TCP), ...parseProtocol(text, 'Udp', UDP)]);

/** Reads the text of `/proc/<pid>/net/netstat`. Total: what cannot be read is null. */
export const parseNetstat = (text: string): Counters<NetstatCounter> =>
  collect(parseProtocol(text, 'TcpExt', TCP_EXT));
