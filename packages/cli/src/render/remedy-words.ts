import {
  RESOURCE_FIELDS,
  RESOURCE_WORDS,
  changeSent,
  changeText as statedChange,
  showPercent,
  visible,
  type ContainerResources,
  type Remedy,
} from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';

/** Like `CPU limit 200m → 300m`; what stays as it is, is left out. */
export const changeText = (from: ContainerResources | null, to: ContainerResources | null): string =>
  to === null ? 'no change is stated' : (statedChange(from, to) ?? 'nothing');

/** This step, and where the first one began where that was another: what the kernel counted `before` was under that. */
export function stepText({ original, from, to }: Remedy): string {
  const isFirst = original === null || changeText(original, from) === 'nothing';
  return `${changeText(from, to)}${isFirst ? '' : `, at first ${resourcesText(original)}`}`;
}

/** The limits themselves, like `CPU limit 200m, CPU request 100m`. */
export const resourcesText = (resources: ContainerResources): string =>
  RESOURCE_FIELDS.flatMap((field) => {
    const value = resources[field];
    return value === null ? [] : [`${RESOURCE_WORDS[field]} ${visible(value)}`];
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
    ['sent', changeSent(remedy) === null ? null : remedy.applied_at],
    ['decided', remedy.decided_at],
  ] as const;
  const told = parts.flatMap(([what, when]) => (when === null ? [] : [`${what} ${age(when, now)} ago`]));
  const next = remedy.next_attempt_at;
  const later = next === null || Date.parse(next) <= now ? [] : [`not again before ${visible(next)}`];
  return [...told, ...later].join(', ');
}
