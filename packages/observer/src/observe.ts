import { pino, type Logger } from 'pino';
import { systemClock, type Clock } from './clock.ts';
import type { ObserverConfig } from './config.ts';
import { createCpuSource, type CpuSource, type CpuSourceStats } from './cpu/source.ts';
import { createDelivery, type DeliveryStats } from './deliver/delivery.ts';
import { createPoster, type Poster } from './deliver/post.ts';
import { findHierarchy } from './hierarchy/hierarchy.ts';
import type { Source } from './source.ts';

/** What the observer is made with; everything has a real default. */
export interface ObserverDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly poster: Poster;
}

export interface ObserverStats {
  readonly cpu: CpuSourceStats;
  readonly delivery: DeliveryStats;
}

export interface Observer {
  stats(): ObserverStats;
  /** Stops looking, sends what waits for at most three seconds, and lets go of files and connections. */
  close(): Promise<void>;
}

const GRACE_MS = 3000;

function cpuSource(config: ObserverConfig, clock: Clock, log: Logger): CpuSource {
  const { subtree, intervalMs, rescanMs, localNames, enterPercent, minPeriods, nodeName, source } = config;
  const detector = {
    enterPercent,
    minPeriods,
    calmSeconds: config.calmMs / 1000,
    summarySeconds: config.summaryIntervalMs / 1000,
  };
  const hierarchy = findHierarchy(config.cgroupRoot);
  log.info({ ...hierarchy }, 'cgroup hierarchy found');
  const settings = { hierarchy, subtree, intervalMs, rescanMs, localNames, detector };
  return createCpuSource({ ...settings, sender: { nodeName, source } }, clock, log);
}

/**
 * Starts to observe and to post what is seen; the first sample is taken before this returns.
 *
 * Throws `KG_CGROUP_UNREADABLE` where there is no cpu controller below the root, and `KG_CONFIG_INVALID` where the
 * certificates cannot be read. After that nothing stops it: an operator that is away is waited for, groups come and go.
 */
export function startObserver(config: ObserverConfig, deps: Partial<ObserverDeps> = {}): Observer {
  const log = deps.log ?? pino({ level: config.logLevel });
  const clock = deps.clock ?? systemClock;
  const cpu = cpuSource(config, clock, log);
  const sources: readonly Source[] = [cpu];
  const poster = deps.poster ?? createPoster(config, clock.wallMs);
  const delivery = createDelivery(poster, config, log);
  for (const source of sources) source.start((outgoing) => delivery.push(outgoing));
  return {
    stats: () => ({ cpu: cpu.stats(), delivery: delivery.stats() }),
    async close() {
      for (const source of sources) source.close();
      await delivery.close(GRACE_MS);
    },
  };
}
