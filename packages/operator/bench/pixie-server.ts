import { startPixieServer, type Column, type Step } from '../test/support/pixie-server/index.ts';

/**
 * A Pixie in a process of its own, which answers a script with as many batches as the script says. Each is made once and
 * sent again and again, so that what receives is measured. Prints its port.
 */
const ROWS_A_BATCH = 1000;

const text = (name: string): Column => ({ name, type: 'STRING' });
const time = (name: string): Column => ({ name, type: 'TIME64NS' });
const int = (name: string): Column => ({ name, type: 'INT64' });

/** `cpu_throttle` as the script of that name displays it. */
const COLUMNS: readonly Column[] = [
  time('time_'),
  text('pod'),
  text('node'),
  text('container'),
  text('container_id'),
  ...['cgroup_id'].map(int),
  time('first_time'),
  ...['quota_ns', 'period_ns', 'nr_periods_first', 'nr_periods_last', 'nr_throttled_first'].map(int),
  ...['nr_throttled_last', 'throttled_ns_first', 'throttled_ns_last', 'cpu_ns', 'cpu_window_ns'].map(int),
];

/** A container that was throttled in two of three periods for half a minute. */
const rowOf = (at: number) => {
  const since = BigInt(at) * 1_000_003n;
  const last = 1_795_000_000_000_000_000n + since;
  const counters = [4_000n + since, 4_300n + since, 2_000n + since, 2_200n + since].map((value) => value);
  return [
    ...[last, `shop-${at % 50}/web-${at % 300}-7d9c6b5f4-x${at}`, `node-${at % 7}`, 'app'],
    ...[`containerd://${at.toString(16).padStart(64, 'a')}`, 7_000n + BigInt(at), last - 29_000_000_000n],
    ...[100_000_000n, 100_000_000n, ...counters, 90_000_000_000n + since, 100_000_000_000n + since],
    ...[28_000_000_000n, 29_000_000_000n],
  ];
};

const TABLE = { kind: 'table', name: 'cpu_throttle', columns: COLUMNS } as const;
const BATCH: Step = {
  kind: 'rows',
  table: 'cpu_throttle',
  rows: Array.from({ length: ROWS_A_BATCH }, (_, at) => rowOf(at)),
};

const server = await startPixieServer({
  scripts: function* ({ query }) {
    yield TABLE;
    for (let left = Number(query); left > 0; left -= ROWS_A_BATCH) yield BATCH;
    yield { kind: 'eos', table: 'cpu_throttle' };
  },
});
process.stdout.write(`${server.port}\n`);
// What asks is gone, however it ended: so is this.
process.stdin.on('end', () => process.exit());
process.stdin.resume();
