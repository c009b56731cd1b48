import { pino, type Logger } from 'pino';
import { createMeasuringSource } from './ask/source.ts';
import { findHelper } from './births/find-helper.ts';
import { createHelper, type KernelTracer } from './births/helper.ts';
import { createBirthsSource, type BirthsOutlook, type BirthsStats } from './births/source.ts';
import { systemClock, type Clock } from './clock.ts';
import type { ObserverConfig } from './config.ts';
import { PROC_ROOT } from './cpu/processes.ts';
import { createDelivery, type DeliveryStats } from './deliver/delivery.ts';
import { createPoster, type Poster } from './deliver/post.ts';
import { createSpool, type Spool } from './deliver/spool/spool.ts';
import { DETECTOR_DEFAULTS } from './detect/settings.ts';
import type { Levers } from './guard/guard.ts';
import { findHierarchy, type Hierarchy } from './hierarchy/hierarchy.ts';
import { createNetworkSource, type NetworkSourceStats, type PodNetworkReading } from './network/source.ts';
import { NETWORK_DETECTOR_DEFAULTS, NETWORK_INTERVAL_MS } from './network/settings.ts';
import type { Source } from './source.ts';
import { Sampler, type SamplerStats } from './watch/sampler.ts';
import type { ContainerReading } from './watch/reading.ts';

/** What the observer is made with; everything has a real default. */
export interface ObserverDeps {
  readonly log: Logger;
  readonly clock: Clock;
  readonly poster: Poster;
}

export interface ObserverStats {
  readonly cgroups: SamplerStats;
  readonly network: NetworkSourceStats;
  readonly births: BirthsStats;
  readonly delivery: DeliveryStats;
}

export interface Observer {
  /** Whether births are seen and if not, why; the tracer says so within a second of the start. */
  readonly births: Promise<BirthsOutlook>;
  stats(): ObserverStats;
  /** What is counted about each group, read while it is asked for. */
  snapshot(): Iterable<ContainerReading>;
  /** What was counted about each pod's network when it was last read. */
  networkSnapshot(): Iterable<PodNetworkReading>;
  /** What can be shed when it costs too much. */
  readonly levers: Levers;
  /** Stops looking, sends what waits for at most three seconds, and lets go of files and connections. The rest goes to the spool. */
  close(): Promise<void>;
}

const GRACE_MS = 3000;
const SPOOL_RETRY_MS = 5000;
const NETWORK = { procRoot: PROC_ROOT, intervalMs: NETWORK_INTERVAL_MS, detector: NETWORK_DETECTOR_DEFAULTS };

function spoolFor({ spoolDir, spoolLimitBytes }: ObserverConfig, clock: Clock, log: Logger): Spool | null {
  if (spoolDir === null) return null;
  const settings = { directory: spoolDir, limitBytes: spoolLimitBytes, retryMs: SPOOL_RETRY_MS };
  return createSpool(settings, log, clock.monotonicMs);
}

function samplerFor(config: ObserverConfig, hierarchy: Hierarchy, clock: Clock, log: Logger): Sampler {
  const { subtree, intervalMs, rescanMs, localNames, enterPercent, minPeriods, nodeName, source } = config;
  const detector = {
    ...DETECTOR_DEFAULTS,
    enterPercent,
    minPeriods,
    calmSeconds: config.calmMs / 1000,
    summarySeconds: config.summaryIntervalMs / 1000,
    sudden: { ...DETECTOR_DEFAULTS.sudden, heldSeconds: config.heldMs / 1000 },
  };
  const settings = { hierarchy, subtree, intervalMs, rescanMs, localNames, detector };
  return new Sampler({ ...settings, sender: { nodeName, source } }, clock, log);
}

/** The tracer hears of groups before inotify tells, and its sweeps over the groups with a quota cost least. */
function serveSampler(tracer: KernelTracer, sampler: Sampler, { version }: Hierarchy): void {
  tracer.onGroups(({ t, path, cpu, hierarchy }) => {
    if (version === 2 ? hierarchy === 0 : cpu === true) sampler.announce({ path, kind: t });
  });
  tracer.onSamples((batch) => sampler.takeBandwidth(batch));
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
  const { subtree, localNames } = config;
  const sender = { nodeName: config.nodeName, source: config.source };
  const hierarchy = findHierarchy(config.cgroupRoot);
  log.info({ ...hierarchy }, 'cgroup hierarchy found');
  const sampler = samplerFor(config, hierarchy, clock, log);
  const tracer = createHelper(findHelper(config.kgtrace), log);
  serveSampler(tracer, sampler, hierarchy);
  tracer.setSampleInterval(config.intervalMs);
  const births = createBirthsSource({ subtree, localNames, sender }, tracer, log);
  const network = createNetworkSource(
    { ...NETWORK, cgroupRoot: hierarchy.cpu, localNames, sender },
    () => sampler.groups(),
    clock,
    log,
  );
  const poster = deps.poster ?? createPoster(config, clock.wallMs);
  const measuring = createMeasuringSource(
    { hierarchy, intervalMs: config.intervalMs, sender },
    { get: (path) => poster.get(path), groups: () => sampler.groups(), clock, log },
  );
  // With names of our own there is no cluster, and so nobody who changes a pod's limits and wants to know.
  const sources: readonly Source[] = [sampler, network, births, ...(localNames ? [] : [measuring])];
  const delivery = createDelivery(
    poster,
    { queueLimit: config.queueLimit, spool: spoolFor(config, clock, log) },
    log,
  );
  for (const source of sources) source.start((outgoing) => delivery.push(outgoing));
  return {
    births: births.outlook,
    stats: () => ({
      cgroups: sampler.stats(),
      network: network.stats(),
      births: births.stats(),
      delivery: delivery.stats(),
    }),
    snapshot: () => sampler.snapshot(),
    networkSnapshot: () => network.snapshot(),
    levers: {
      births: (isOn) => births.setTracing(isOn),
      setIntervalMs: (intervalMs) => {
        sampler.setIntervalMs(intervalMs);
        measuring.setIntervalMs(intervalMs);
        tracer.setSampleInterval(intervalMs);
      },
    },
    async close() {
      for (const source of sources) await source.close();
      await delivery.close(GRACE_MS);
    },
  };
}
