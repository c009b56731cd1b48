import type { Cause, KernelTruth, KernelWhisperSpec } from 'kernel-gossip-types';
import { PERIOD_SECONDS, widthCoresOf } from './needed-limit.ts';
import { causeOf, inWindow, shareLine, type Found } from './cause.ts';
import { coresText, millisecondsText, percentText, secondsText } from './words.ts';

/** The least quota, 1 ms, in the longest period, 1 s (min_cfs_quota_period, max_cfs_quota_period in kernel/sched/core.c). */
const LEAST_LIMIT_CORES = 0.001;
/** What lies within this time of a container's beginning is its start: programs load, compile and warm up. */
const START_SECONDS = 120;
/** From this share of the limit on it was used up, and below the other one it was not: bursts ran into it. */
const USED_UP_SHARE = 0.8;
const BURST_SHARE = 0.6;
/** So much more waiting for a CPU than throttling can account for is the node's doing, in percent of the window. */
const CONTENTION_PERCENT = 25;
/** Withheld time is counted per CPU and rounded to it: so much above the CPUs of a quota is no more than noise. */
const NOISE = 1.1;

/** Why a container was throttled, as far as the figures on its whisper tell. */
export function cpuCause(spec: KernelWhisperSpec): Cause {
  const truth = spec.kernel_truth;
  if (truth === null) return unknown(spec, null);
  return (
    podQuota(spec, truth) ??
    startupOnly(spec, truth) ??
    moreThreadsThanQuota(spec, truth) ??
    nodeContention(spec, truth) ??
    byUsage(spec, truth) ??
    unknown(spec, truth)
  );
}

/** Observers speak of a pod's own group only where none of its containers was throttled. */
function podQuota(spec: KernelWhisperSpec, truth: KernelTruth): Found {
  const isWholePod = spec.container_name === null && spec.container_id === null && spec.pod_uid !== null;
  if (!isWholePod || !hasCounters(truth)) return null;
  return causeOf(spec, 'pod_quota', [
    "container_name: none; the pod's own group was throttled",
    periodsLine(truth),
    limitLine(truth),
  ]);
}

function startupOnly(spec: KernelWhisperSpec, truth: KernelTruth): Found {
  if (spec.ended_at === null || truth.age_seconds === null) return null;
  const lasted = (Date.parse(spec.ended_at) - Date.parse(spec.detected_at)) / 1000;
  // The age is that of the newest window, which ended no earlier than detected_at.
  const atMost = truth.age_seconds + lasted;
  if (lasted < 0 || atMost > START_SECONDS) return null;
  return causeOf(spec, 'startup_only', [
    periodsLine(truth),
    `age_seconds: ${secondsText(truth.age_seconds)} at the end of a window${ofLength(truth)}`,
    `detected_at to ended_at: ${secondsText(lasted)}, so it was over at most ${secondsText(atMost)} after the container began`,
  ]);
}

/**
 * More threads that want to run than the quota has CPUs, and the kernel's own word that they ran side by side: what was
 * withheld in a throttled period, over all CPUs, is more than those CPUs have.
 */
function moreThreadsThanQuota(spec: KernelWhisperSpec, truth: KernelTruth): Found {
  const cpus = cpusOf(truth);
  const width = widthCores(truth);
  if (cpus === null || width === null || width <= NOISE * cpus) return null;
  const threads = threadsAbove(truth, cpus);
  if (threads === null) return null;
  return causeOf(spec, 'more_threads_than_quota', [
    threads,
    truth.runtime === null ? null : `runtime: ${truth.runtime}`,
    withheldLine(truth),
    periodsLine(truth),
  ]);
}

function threadsAbove(truth: KernelTruth, cpus: number): string | null {
  const { runnable_threads: runnable, threads, runtime } = truth;
  const against = `at the end of a window${ofLength(truth)}; ${limitLine(truth) ?? ''}`;
  if (runnable !== null && runnable > cpus) return `runnable_threads: ${runnable} ${against}`;
  return threads !== null && runtime !== null && threads > cpus ? `threads: ${threads} ${against}` : null;
}

/** PSI counts waiting for a quota too, so only what is left when all throttled periods are taken off can be the node's. */
function nodeContention(spec: KernelWhisperSpec, truth: KernelTruth): Found {
  const { cpu_pressure_percent: pressure, nr_throttled, window_seconds: window } = truth;
  if (pressure === null || nr_throttled === null || window === null || window === 0) return null;
  const explained = Math.min(100, (100 * nr_throttled * PERIOD_SECONDS) / window);
  if (pressure - explained < CONTENTION_PERCENT) return null;
  return causeOf(
    spec,
    'node_contention',
    [
      `cpu_pressure_percent: ${percentText(pressure)}${inWindow(window)}; throttled periods account for ${percentText(explained)} at most`,
      periodsLine(truth),
      usageLine(truth),
    ],
    truth.runnable_threads === null
      ? 'runnable_threads was not measured: it would tell whether its own threads waited for each other'
      : null,
  );
}

function byUsage(spec: KernelWhisperSpec, truth: KernelTruth): Found {
  const usage = truth.actual_cpu_cores;
  const limit = limitOf(truth);
  if (usage === null || limit === null) return null;
  const share = usage / limit;
  // In between, the quota that ran out in most periods is too small for most of the work, and else for its bursts.
  const isUsedUp = share >= USED_UP_SHARE || (share >= BURST_SHARE && (spec.throttled_percent ?? 0) >= 50);
  return causeOf(
    spec,
    isUsedUp ? 'limit_below_demand' : 'cpu_burst',
    [
      usageLine(truth),
      periodsLine(truth) ?? shareLine('throttled_percent', spec.throttled_percent, truth.window_seconds),
      withheldLine(truth),
    ],
    wouldTellThreads(truth),
  );
}

function wouldTellThreads(truth: KernelTruth): string | null {
  const cpus = cpusOf(truth);
  const width = widthCores(truth);
  if (cpus === null || truth.runnable_threads !== null) return null;
  return width === null || width > NOISE * cpus
    ? 'runnable_threads was not measured: it would tell whether more threads run than the limit has CPUs'
    : null;
}

const OTHER_FIGURES = ['actual_cpu_cores', 'runnable_threads', 'cpu_pressure_percent'] as const;

function unknown(spec: KernelWhisperSpec, truth: KernelTruth | null): Cause {
  const window = truth?.window_seconds ?? null;
  const missing = [
    (truth === null ? null : limitOf(truth)) === null ? 'limit_cores' : null,
    ...OTHER_FIGURES.map((field) => (truth?.[field] == null ? field : null)),
  ].filter((field) => field !== null);
  return causeOf(
    spec,
    'unknown',
    [
      (truth && periodsLine(truth)) ?? shareLine('throttled_percent', spec.throttled_percent, window),
      truth && limitLine(truth),
    ],
    `${missing.join(', ')} ${missing.length === 1 ? 'was' : 'were'} not measured: usage beside the limit would tell bursts from a limit that is too low, the number of runnable threads whether there are too many, and the pressure whether the node is short of CPUs`,
  );
}

const hasCounters = ({ nr_periods, nr_throttled }: KernelTruth): boolean =>
  nr_periods !== null && nr_throttled !== null && nr_throttled > 0;

/** The limit in cores; null where there is none that the kernel could hold anybody to. */
const limitOf = ({ limit_cores: limit }: KernelTruth): number | null =>
  limit === null || limit < LEAST_LIMIT_CORES ? null : limit;

/** Threads that the limit lets run side by side the whole time: the limit in whole CPUs. */
export function cpusOf(truth: KernelTruth): number | null {
  const limit = limitOf(truth);
  return limit === null ? null : Math.ceil(limit - 1e-6);
}

/** Cores on which it would have run in a throttled period, had the quota not run out; null where not measured. */
function widthCores(truth: KernelTruth): number | null {
  const { throttled_seconds, nr_throttled } = truth;
  const limit = limitOf(truth);
  if (limit === null || throttled_seconds === null || nr_throttled === null || nr_throttled === 0)
    return null;
  return widthCoresOf({ limitCores: limit, nrThrottled: nr_throttled, throttledSeconds: throttled_seconds });
}

const ofLength = ({ window_seconds }: KernelTruth): string =>
  window_seconds === null ? ' whose length is not told' : ` of ${secondsText(window_seconds)}`;

const periodsLine = ({ nr_periods, nr_throttled, window_seconds }: KernelTruth): string | null =>
  nr_periods === null || nr_throttled === null
    ? null
    : `nr_throttled: ${nr_throttled} of ${nr_periods} periods${inWindow(window_seconds)}`;

const limitLine = ({ limit_cores }: KernelTruth): string | null =>
  limit_cores === null ? null : `limit_cores: ${coresText(limit_cores)}`;

function usageLine(truth: KernelTruth): string | null {
  const usage = truth.actual_cpu_cores;
  const limit = limitOf(truth);
  if (usage === null || limit === null) return null;
  return `actual_cpu_cores: ${coresText(usage)} of limit_cores: ${coresText(limit)} (${percentText((100 * usage) / limit)})${inWindow(truth.window_seconds)}`;
}

function withheldLine({ throttled_seconds, nr_throttled, window_seconds }: KernelTruth): string | null {
  if (throttled_seconds === null) return null;
  const each =
    nr_throttled === null || nr_throttled === 0
      ? ''
      : `, ${millisecondsText((1000 * throttled_seconds) / nr_throttled)} in each throttled period`;
  return `throttled_seconds: ${secondsText(throttled_seconds)} over all CPUs${inWindow(window_seconds)}${each}`;
}
