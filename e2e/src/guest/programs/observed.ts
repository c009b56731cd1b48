import { readConfig, startObserver, type CpuThrottleMessage, type Message } from 'kernel-gossip-observer';
import { countersOf } from './groups.ts';
import { type Bounds, SamplingInstants } from './sampling-instants.ts';
import { listen } from './webhook.ts';

/** One message of the observer, and what the kernel itself counted over its window. */
export interface Told {
  readonly message: CpuThrottleMessage;
  readonly bounds: Bounds | null;
}

/** What can be seen of the observer while it runs. */
export interface Observation {
  /** What it posted so far. */
  readonly messages: () => readonly Message[];
  /** How many times it took a sample of every group. */
  readonly samples: () => number;
}

const FLAGS = { subtree: '/kubepods.slice', 'node-name': 'node-1', 'log-level': 'warn', kgtrace: 'off' };

export const throttlesIn = (messages: readonly Message[]): readonly CpuThrottleMessage[] =>
  messages.filter((message) => message.type === 'cpu_throttle');

/** Runs the observer while `act` does, and returns what it told of CPU throttling over HTTP. */
export async function observed(
  paths: readonly string[],
  flags: Readonly<Record<string, string>>,
  act: (observation: Observation) => Promise<void>,
): Promise<readonly Told[]> {
  const webhook = await listen();
  const messages = (): readonly Message[] => webhook.messages as readonly Message[];
  const instants = new SamplingInstants(paths, countersOf);
  const config = readConfig({ ...FLAGS, ...flags, url: webhook.url }, {});
  const observer = startObserver(config, { clock: instants.clock });
  try {
    await act({ messages, samples: () => observer.stats().cgroups.sweeps });
  } finally {
    await observer.close();
    await webhook.close();
  }
  const all = throttlesIn(messages());
  return all.map((message) => {
    const { cgroup, timestamp, period_seconds: seconds } = message;
    if (cgroup === null || seconds === null) return { message, bounds: null };
    const isFirst = message === all.find((other) => other.cgroup === cgroup);
    return {
      message,
      bounds: instants.boundsOf(cgroup, { endWallMs: Date.parse(timestamp), seconds, isFirst }),
    };
  });
}
