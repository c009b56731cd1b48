import type { ChalkInstance } from 'chalk';
import {
  NOT_MEASURED,
  showBytes,
  showCount,
  showMilliseconds,
  showText,
  visible,
  type FlowWindow,
  type RequestWindow,
} from 'kernel-gossip-types';
import { age, humanDuration } from '../terminal/duration.ts';
import type { Column } from '../terminal/table.ts';
import {
  requestsOf,
  sumOf,
  worstOf,
  type FlowRow,
  type RequestRow,
  type TrafficRow,
} from '../traffic/traffic-rows.ts';
import { marked } from './words.ts';

export interface TrafficColumnsOptions {
  readonly chalk: ChalkInstance;
  readonly now: number;
  readonly wide: boolean;
}

/** Over how long, and in how many windows. */
const windowText = ({ fromMs, toMs, windows }: TrafficRow<unknown>): string =>
  `${humanDuration(toMs - fromMs)} (${windows.length} ${windows.length === 1 ? 'window' : 'windows'})`;

const endedText = ({ toMs }: TrafficRow<unknown>, now: number): string => `${humanDuration(now - toMs)} ago`;

const common = <W extends RequestWindow | FlowWindow>({
  now,
  wide,
}: TrafficColumnsOptions): readonly Column<TrafficRow<W>>[] => [
  { header: 'WINDOW', text: windowText, expendable: 4 },
  ...(wide ? [{ header: 'ENDED', text: (row: TrafficRow<W>) => endedText(row, now) }] : []),
  { header: 'SOURCE', text: ({ one }) => marked(one.provenance, visible(one.source)), expendable: 2 },
];

/** The other end of requests: who asked the pod, or whom the pod asked. */
const remoteText = ({ one: { role, remote } }: RequestRow): string =>
  `${role === 'server' ? 'from' : 'to'} ${showText(remote, '<unknown>')}`;

function paintStatus(chalk: ChalkInstance, { one: { status } }: RequestRow, text: string): string {
  if (status === null || status < 400) return text;
  return status < 500 ? chalk.yellow(text) : chalk.red.bold(text);
}

const latency = (name: 'p50' | 'p90' | 'p99', expendable?: number): Column<RequestRow> => ({
  header: `WORST ${name.toUpperCase()}`,
  text: (row) => showMilliseconds(worstOf(row)?.[`${name}_ms`] ?? null),
  ...(expendable === undefined ? {} : { expendable }),
});

function worstEnded(row: RequestRow, now: number): string {
  const worst = worstOf(row);
  return worst === null ? NOT_MEASURED : `${age(worst.to, now)} ago`;
}

/** The columns of `kgossip requests`. Percentiles are those of one window, the worst: they are never put together. */
export const requestColumns = (options: TrafficColumnsOptions): readonly Column<RequestRow>[] => [
  { header: 'ROLE', text: ({ one }) => one.role, expendable: 1 },
  { header: 'METHOD', text: ({ one }) => visible(one.method) },
  { header: 'PATH', text: ({ one }) => visible(one.path), shrinksTo: options.wide ? 256 : 16 },
  {
    header: 'STATUS',
    text: ({ one }) => (one.status === null ? '<none>' : String(one.status)),
    paint: (row, text) => paintStatus(options.chalk, row, text),
  },
  { header: 'REQUESTS', text: (row) => String(requestsOf(row)) },
  latency('p50', 6),
  latency('p90', 5),
  latency('p99'),
  ...(options.wide
    ? [{ header: 'WORST ENDED', text: (row: RequestRow) => worstEnded(row, options.now) }]
    : []),
  { header: 'FROM/TO', text: remoteText, shrinksTo: options.wide ? 320 : 16, expendable: 3 },
  ...common<RequestWindow>(options),
];

/** The columns of `kgossip flows`. */
export const flowColumns = (options: TrafficColumnsOptions): readonly Column<FlowRow>[] => [
  { header: 'ROLE', text: ({ one }) => one.role },
  { header: 'REMOTE', text: ({ one }) => visible(one.remote), shrinksTo: options.wide ? 320 : 16 },
  { header: 'PORT', text: ({ one }) => (one.remote_port === null ? '<none>' : String(one.remote_port)) },
  { header: 'PROTOCOL', text: ({ one }) => showText(one.protocol, '<unknown>'), expendable: 1 },
  { header: 'SENT', text: (row) => showBytes(sumOf(row, ({ bytes_sent }) => bytes_sent)) },
  { header: 'RECEIVED', text: (row) => showBytes(sumOf(row, ({ bytes_received }) => bytes_received)) },
  {
    header: 'CONNECTIONS',
    text: (row) => showCount(sumOf(row, ({ connections }) => connections)),
    expendable: 3,
  },
  ...common<FlowWindow>(options),
];
