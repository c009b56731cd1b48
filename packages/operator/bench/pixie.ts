import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { observationOf } from 'kernel-gossip-pxl-scripts';
import { directAddress } from '../src/intake/pixie/client/address.ts';
import { openPixieClient, type OnRows } from '../src/intake/pixie/client/pixie-client.ts';
import { startChild } from './child.ts';
import { temporaryFolder } from './folder.ts';
import { say, spreadOf, spreadText, verdict } from './measure.ts';

/** Rows of Pixie's through our client, against clients that only receive them, in turn, from one server in a process of its own. */
const ROUNDS = 9;
const ROWS = 100_000;

const PROTO = fileURLToPath(new URL('../proto/pixie', import.meta.url));

interface Cost {
  readonly rowsPerSecond: number;
  /** Of this process, in microseconds a row: what runs beside it matters less. */
  readonly cpu: number;
}

async function cost(work: () => Promise<void>): Promise<Cost> {
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { rowsPerSecond: ROWS / seconds, cpu: (user + system) / ROWS };
}

type Receive = (path: string, bytes: Buffer) => unknown;

/** Sends the question as we do, and does nothing with the answers but what `receive` does. */
async function bare(
  client: Client,
  serialize: (question: object) => Buffer,
  receive: Receive,
): Promise<void> {
  const path = '/px.api.vizierpb.VizierService/ExecuteScript';
  const call = client.makeServerStreamRequest(path, serialize, (bytes) => receive(path, bytes), {
    clusterId: 'localhost',
    queryStr: String(ROWS),
  });
  let messages = 0;
  for await (const message of call) if (message !== undefined) messages += 1;
  if (messages !== ROWS / 1000 + 2) throw new Error(`received ${messages} messages`);
}

/** What proto-loader makes of a definition in which batches are messages, as whoever writes a client would have it. */
function plainMethod() {
  const folder = join(temporaryFolder(), 'plain');
  mkdirSync(folder);
  const ours = readFileSync(join(PROTO, 'vizierapi.proto'), 'utf8');
  const plain = ours.replace('  bytes batch = 1;', '  RowBatchData batch = 1;');
  if (plain === ours) throw new Error('the definition has no field batch');
  writeFileSync(join(folder, 'vizierapi.proto'), plain);
  const definition = loadSync(join(folder, 'vizierapi.proto'));
  return (definition['px.api.vizierpb.VizierService'] as ServiceDefinition).ExecuteScript!;
}

const child = await startChild('pixie-server.ts');
const { host } = new URL(child.url);
const address = directAddress(host);
if (isLeft(address)) throw new Error(address.left);
const pixie = openPixieClient(address.right);
const client = new Client(`dns:${host}`, credentials.createInsecure(), {
  'grpc-node.flow_control_window': 1024 * 1024,
});
const method = plainMethod();

const never = new AbortController().signal;
const ours = async (onRows: OnRows): Promise<void> => {
  const { rows } = await pixie.execute(
    { name: 'bench', query: String(ROWS), mutation: false, deadlineMs: 120_000, maxRows: ROWS },
    onRows,
    never,
  );
  if (rows !== ROWS) throw new Error(`read ${rows} rows`);
};

const decode: OnRows = () => Promise.resolve();
const observe: OnRows = ({ table, rows }) => {
  for (const row of rows) {
    const told = observationOf(table, row, { source: 'pixie' });
    if (!isRight(told) || told.right === null) throw new Error('a row told nothing');
  }
  return Promise.resolve();
};

const WAYS = {
  bytes: () => bare(client, method.requestSerialize, (_path, bytes) => bytes),
  messages: () => bare(client, method.requestSerialize, (_path, bytes) => method.responseDeserialize(bytes)),
  decoded: () => ours(decode),
  evidence: () => ours(observe),
} as const;
type Way = keyof typeof WAYS;
const NAMES = Object.keys(WAYS) as Way[];

const costs: Record<Way, Cost[]> = { bytes: [], messages: [], decoded: [], evidence: [] };
for (let round = -2; round < ROUNDS; round += 1) {
  for (const name of NAMES) {
    const measured = await cost(WAYS[name]);
    if (round >= 0) costs[name].push(measured);
  }
}

const ratios = (way: Way, to: Way, figure: (cost: Cost) => number) =>
  spreadOf(costs[way].map((one, round) => figure(one) / figure(costs[to][round]!)));
const bySpeed = ({ rowsPerSecond }: Cost): number => rowsPerSecond;
const byCpu = ({ cpu }: Cost): number => 1 / cpu;

say(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; ${ROWS} rows of cpu_throttle; median (min..max) of ${ROUNDS} rounds`,
);
for (const name of NAMES) {
  const speed = spreadText(spreadOf(costs[name].map(bySpeed)), 0);
  const cpu = spreadText(spreadOf(costs[name].map(({ cpu }) => cpu)));
  say(`       ${name.padEnd(9)} ${speed} rows/s, ${cpu} us of CPU a row`);
}
const target = ratios('evidence', 'messages', bySpeed);
verdict(
  'rows/s to observations / bare grpc-js client that receives messages',
  spreadText(target),
  '>= 0.50',
  target.median >= 0.5,
);
say(`       the same by CPU time: ${spreadText(ratios('evidence', 'messages', byCpu))}`);
say(
  `       decoded rows / bare client that receives messages: ${spreadText(ratios('decoded', 'messages', bySpeed))}`,
);
say(
  `       decoded rows / bare client that receives bytes: ${spreadText(ratios('decoded', 'bytes', bySpeed))}`,
);
say(
  `       observations / bare client that receives bytes: ${spreadText(ratios('evidence', 'bytes', bySpeed))}`,
);

pixie.close();
client.close();
await child.stop();
