import type { Actor } from 'kernel-gossip-types';
import type { Slot } from './slot.ts';

/** One thing that was done for a birth. */
export interface Step {
  /** The slot that did it; null where no program of the birth did. */
  readonly slot: number | null;
  readonly actor: Actor;
  readonly action: string;
  readonly beganAtUs: number;
  /** Null where only the beginning is known. */
  readonly endedAtUs: number | null;
  readonly details: string | null;
}

/** The program that began the work which a slot is part of: a plugin for those that it delegates to. */
export function rootOf(slot: Slot): Slot {
  const { parent } = slot;
  return parent !== null && parent.tally === slot.tally ? rootOf(parent) : slot;
}

/** What the beginning of a program tells, in the words of a timeline; null where it is a part of another's work. */
export function stepOf(slot: Slot): Step | null {
  const words = rootOf(slot) === slot ? wordsOf(slot) : null;
  if (words === null) return null;
  const [actor, action] = words;
  return { slot: slot.number, actor, action, beganAtUs: slot.exec.at, endedAtUs: null, details: null };
}

function wordsOf({ task, name }: Slot): readonly [Actor, string] | null {
  switch (task.kind) {
    case 'network':
      return ['cni', `run the network plugin ${name}`];
    case 'shim':
      return ['runtime', 'start the shim'];
    case 'create':
      return ['runtime', 'create the container'];
    case 'init':
      return ['runtime', 'prepare the container'];
    case 'start':
      return ['runtime', 'start the container'];
    case 'other':
      return ['runtime', `run ${name}`];
    case 'none':
      return null;
  }
}
