import { coresText } from '../assess/words.ts';
import { lastingContainers, type PodFacts, type Surroundings } from '../cluster/remedy-facts.ts';
import { amountOf } from './amounts.ts';
import { judgeCpu } from './judge-cpu.ts';
import { judgeMemory, wasKilled } from './judge-memory.ts';
import { newPair, type Pair } from './measured-pair.ts';
import { isInForce } from './proof.ts';
import { rest, type Move } from './situation.ts';
import { takeBack } from './take-back.ts';
import { IN_FORCE_MS, LOOK_AGAIN_MS, SILENCE_MS, type UnderWay } from './under-way.ts';

/** The kubelet has it in force; waits for the kernel's word, from both cgroups. */
export function whileMeasuring(situation: UnderWay, surroundings: Surroundings | null): Move {
  const { whisper, remedy, resource } = situation;
  const pair = newPair(whisper.status?.measured ?? null, remedy);
  if (pair === null) return whileSilent(situation);
  if (resource === 'memory' && wasKilled(situation, pair)) return judgeMemory(situation, pair);
  if (isRestarted(situation, pair))
    return takeBack(
      situation,
      'ContainerRestarted',
      'The container was restarted meanwhile: its counters began anew.',
    );
  const isThere = resource === 'cpu' ? cpuInForce(situation, pair) : memoryInForce(situation, pair);
  if (!isThere) {
    return situation.nowMs - lastHeardMs(situation) > IN_FORCE_MS
      ? takeBack(situation, 'NotOnNode', notOnNode(situation, pair))
      : rest(LOOK_AGAIN_MS);
  }
  return resource === 'cpu' ? judgeCpu(situation, pair, surroundings) : judgeMemory(situation, pair);
}

function whileSilent(situation: UnderWay): Move {
  const left = SILENCE_MS - (situation.nowMs - lastHeardMs(situation));
  return left > 0
    ? rest(left)
    : takeBack(
        situation,
        'NotMeasured',
        `No observer measured it for ${SILENCE_MS / 60_000} min: no data is no proof.`,
      );
}

/** By the API server, or by the node, whoever knows first. */
function isRestarted({ remedy, container }: UnderWay, pair: Pair): boolean {
  const before = remedy.before?.container?.container_id ?? null;
  return [container.id, pair.container.container_id].some(
    (id) => before !== null && id !== null && id !== before,
  );
}

const lastHeardMs = ({ remedy }: UnderWay): number =>
  Math.max(...[remedy.applied_at, remedy.heard_at].map((at) => (at === null ? 0 : Date.parse(at))));

const cpuInForce = ({ remedy, pod }: UnderWay, pair: Pair): boolean =>
  isInForce(amountOf(remedy.to?.cpu_limit ?? null) ?? 0, podLimit(pod), pair) === true;

/** What the pod's own group is given: the sum of its containers' limits; null where one of them has none. */
const podLimit = (pod: PodFacts): number | null =>
  lastingContainers(pod)
    .map(({ resources }) => amountOf(resources.cpu_limit))
    .reduce((sum, limit) => (sum === null || limit === null ? null : sum + limit), 0);

function memoryInForce({ remedy }: UnderWay, { container, pod }: Pair): boolean {
  const limit = amountOf(remedy.to?.memory_limit ?? null);
  if (limit === null || container.memory_limit_bytes !== limit) return false;
  return pod.memory_limit_bytes === null || pod.memory_limit_bytes >= limit;
}

const notOnNode = ({ resource, remedy }: UnderWay, { container, pod }: Pair): string =>
  resource === 'cpu'
    ? `${remedy.to?.cpu_limit ?? 'The limit'} is not what the node's cgroups have: container ${coresOrNone(container.limit_cores)}, pod ${coresOrNone(pod.limit_cores)}.`
    : `${remedy.to?.memory_limit ?? 'The limit'} is not what the node's cgroups have: container ${container.memory_limit_bytes ?? 'none'}, pod ${pod.memory_limit_bytes ?? 'none'} bytes.`;

const coresOrNone = (cores: number | null): string => (cores === null ? 'none' : coresText(cores));
