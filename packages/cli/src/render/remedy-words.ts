import { showPercent, visible, type ContainerResources, type Remedy } from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';

const FIELDS: readonly (readonly [keyof ContainerResources, string])[] = [
  ['cpu_limit', 'CPU limit'],
  ['cpu_request', 'CPU request'],
  ['memory_limit', 'memory limit'],
  ['memory_request', 'memory request'],
];

const NOBODY: ContainerResources = {
  cpu_limit: null,
  cpu_request: null,
  memory_limit: null,
  memory_request: null,
};

/** Like `CPU limit 200m → 300m`; what stays as it is, is left out. */
export function changeText(from: ContainerResources | null, to: ContainerResources | null): string {
  if (to === null) return 'no change is stated';
  const before = from ?? NOBODY;
  const changes = FIELDS.filter(([field]) => before[field] !== to[field]).map(
    ([field, name]) => `${name} ${visible(before[field] ?? 'none')} → ${visible(to[field] ?? 'none')}`,
  );
  return changes.length === 0 ? 'nothing' : changes.join(', ');
}

/** This step, and where the first one began where that was another: what the kernel counted `before` was under that. */
export function stepText({ original, from, to }: Remedy): string {
  const isFirst = original === null || changeText(original, from) === 'nothing';
  return `${changeText(from, to)}${isFirst ? '' : `, at first ${resourcesText(original)}`}`;
}

/** The limits themselves, like `CPU limit 200m, CPU request 100m`. */
export const resourcesText = (resources: ContainerResources): string =>
  FIELDS.flatMap(([field, name]) => {
    const value = resources[field];
    return value === null ? [] : [`${name} ${visible(value)}`];
  }).join(', ') || 'none';

/** Who allows it, like `Auto (policy web)`. */
export const modeText = ({ mode, decided_by: by }: Remedy): string =>
  by === null ? `${mode}; who says so is not stated` : `${mode} (${visible(by)})`;

/** By how much less the kernel withholds now. */
export function improvementText({ improvement_percent: percent }: Remedy): string {
  if (percent === null) return 'cannot be told';
  return `${showPercent(Math.abs(percent))} ${percent < 0 ? 'more' : 'less'}`;
}

/** The latest thing that is known to have happened to it. */
export const momentOf = ({ decided_at, applied_at, started_at }: Remedy): string | null =>
  decided_at ?? applied_at ?? started_at;

/** What happened when, like `began 5m ago, sent 4m ago`. */
export function timesText(remedy: Remedy, now: number): string {
  const parts = [
    ['began', remedy.started_at],
    ['sent', remedy.applied_at],
    ['decided', remedy.decided_at],
  ] as const;
  const told = parts.flatMap(([what, when]) => (when === null ? [] : [`${what} ${age(when, now)} ago`]));
  const next = remedy.next_attempt_at;
  const later = next === null || Date.parse(next) <= now ? [] : [`not again before ${visible(next)}`];
  return [...told, ...later].join(', ');
}
