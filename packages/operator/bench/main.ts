import { cpus } from 'node:os';
import { join } from 'node:path';
import { OperatorMetrics } from '../src/surface/metrics.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { startChild, type Child } from './child.ts';
import { temporaryFolder } from './folder.ts';
import { postMany } from './load.ts';
import { say, spreadOf, spreadText, verdict } from './measure.ts';
import { observation, observations } from './observations.ts';
import { pipeline } from './pipeline.ts';

const ROUNDS = 7;
const REQUESTS = 4000;
const CONNECTIONS = 16;
const MIB = 1024 ** 2;

const openStore = () => openSqliteStore({ path: join(temporaryFolder(), 'bench.db') });

const startOperator = (): Promise<Child> => startChild('operator.ts', temporaryFolder());

/** Posts of one observation against what Express itself costs, in turn, so that both meet the same machine. */
async function singlePosts(): Promise<void> {
  const [bare, operator] = await Promise.all([startChild('bare.ts'), startOperator()]);
  const body = JSON.stringify(observation(1));
  await postMany(bare.url, body, REQUESTS, CONNECTIONS);
  await postMany(operator.url, body, REQUESTS, CONNECTIONS);
  const ratios: number[] = [];
  const bareRates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const bareRate = await postMany(bare.url, body, REQUESTS, CONNECTIONS);
    ratios.push((await postMany(operator.url, body, REQUESTS, CONNECTIONS)) / bareRate);
    bareRates.push(bareRate);
  }
  await Promise.all([bare.stop(), operator.stop()]);
  const ratio = spreadOf(ratios);
  const noise = spreadOf(bareRates);
  verdict('single posts, operator / bare Express', spreadText(ratio), '>= 0.60', ratio.median >= 0.6);
  say(
    `       noise: the bare handler itself varied by ${(noise.max / noise.min).toFixed(2)}x between rounds`,
  );
}

/** Arrays of 500 through decode, merge and store, on this one thread. */
async function arrays(): Promise<void> {
  const store = openStore();
  const { take, whispers } = await pipeline(store);
  const bodies = Array.from({ length: 40 }, () => Buffer.from(JSON.stringify(observations(500, 100))));
  for (const body of bodies) await take(body);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const cpuBefore = process.cpuUsage();
    for (const body of bodies) await take(body);
    await whispers.flush();
    const { user, system } = process.cpuUsage(cpuBefore);
    rates.push((bodies.length * 500) / ((user + system) / 1e6));
  }
  const rate = spreadOf(rates);
  verdict(
    'arrays of 500, observations per second of CPU time',
    spreadText(rate, 0),
    '>= 100000',
    rate.median >= 100_000,
  );
  await store.close();
}

/** Store writes that repeats cost. */
async function repeats(): Promise<void> {
  const metrics = new OperatorMetrics('bench');
  const store = metrics.counting(openStore());
  const { take, whispers } = await pipeline(store);
  await take(Buffer.from(JSON.stringify(observations(100, 100))));
  await whispers.flush();
  const writes = async (): Promise<number> => {
    const metric = await metrics.registry.getSingleMetric('kernel_gossip_store_writes_total')?.get();
    return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
  };
  const before = await writes();
  for (let round = 0; round < 20; round += 1) await take(Buffer.from(JSON.stringify(observations(500, 100))));
  await whispers.flush();
  const written = (await writes()) - before;
  verdict('store writes per 10,000 repeats of 100 open whispers', String(written), '<= 200', written <= 200);
  await store.close();
}

/** Memory of 10,000 open whispers. */
async function memory(): Promise<void> {
  const operator = await startOperator();
  const idle = await operator.rss();
  for (let first = 0; first < 10_000; first += 500) {
    const body = JSON.stringify(Array.from({ length: 500 }, (_, at) => observation(first + at)));
    await postMany(operator.url, body, 1, 1);
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const full = await operator.rss();
  await operator.stop();
  const grown = (full - idle) / MIB;
  verdict(
    'resident memory with 10,000 open whispers, above idle',
    `${grown.toFixed(0)} MiB (idle ${(idle / MIB).toFixed(0)} MiB)`,
    '<= 150 MB',
    full - idle <= 150e6,
  );
}

say(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; median (min..max) of ${ROUNDS} rounds`,
);
await singlePosts();
await arrays();
await repeats();
await memory();
process.exit();
