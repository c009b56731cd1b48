import { parentPort, workerData } from 'node:worker_threads';
import { ARCHETYPES } from './archetypes.ts';
import { simulate } from './week.ts';

/** Which containers of the cluster a worker simulates: every so manyth. */
export interface Share {
  readonly first: number;
  readonly step: number;
}

const SEED = 20_261_121;

const { first, step } = workerData as Share;
const cluster = ARCHETYPES.flatMap((archetype) => Array.from({ length: archetype.count }, () => archetype));
const outcomes = cluster.flatMap((archetype, index) =>
  index % step === first ? [simulate(archetype, SEED + index * 7919)] : [],
);
parentPort?.postMessage(outcomes);
