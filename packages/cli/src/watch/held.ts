import type { KernelWhisper } from 'kernel-gossip-types';
import type { Heard } from '../target/target.ts';
import { shareOf } from './share.ts';

/** How many figures of a whisper are kept for its trend. */
export const TREND_LENGTH = 12;

/** Shares of a whisper in the order in which they came, the last one the newest; null: not measured. */
export type Trend = readonly (number | null)[];

/** A whisper as it is now, and what it was as long as somebody watched. */
export interface HeldWhisper {
  readonly key: string;
  readonly whisper: KernelWhisper;
  readonly trend: Trend;
}

export type Held = ReadonlyMap<string, HeldWhisper>;

const keyOf = ({ metadata }: KernelWhisper): string => `${metadata.namespace}/${metadata.name}`;

/** What a figure is told apart by: a whisper changes in other ways too. */
const figureOf = (whisper: KernelWhisper): string => {
  const { measured_at: measured, detected_at: detected, ended_at: ended } = whisper.spec;
  return [detected, measured, ended, shareOf(whisper)].join();
};

function successor(before: HeldWhisper | undefined, whisper: KernelWhisper): HeldWhisper {
  const key = keyOf(whisper);
  if (before === undefined) return { key, whisper, trend: [shareOf(whisper)] };
  const trend =
    figureOf(before.whisper) === figureOf(whisper)
      ? before.trend
      : [...before.trend, shareOf(whisper)].slice(-TREND_LENGTH);
  return { key, whisper, trend };
}

/** What is held after something was heard. The map that is given is changed: there may be thousands in it. */
export function hold(held: Map<string, HeldWhisper>, heard: Heard<KernelWhisper>): void {
  if (heard.type === 'interrupted') return;
  if (heard.type === 'everything') {
    const successors = heard.objects.map((whisper) => successor(held.get(keyOf(whisper)), whisper));
    held.clear();
    for (const one of successors) held.set(one.key, one);
    return;
  }
  const { type, object } = heard.change;
  const key = keyOf(object);
  if (type === 'DELETED') held.delete(key);
  else held.set(key, successor(held.get(key), object));
}
