import type { KernelWhisper, RemedyPhase } from 'kernel-gossip-types';
import { refKey, type ObjectIndex } from '../store/object-index.ts';

const WATCHED: ReadonlySet<RemedyPhase> = new Set(['Waiting', 'Applying', 'Measuring', 'TakingBack']);

/**
 * Whether a remedy needs to know what the kernel counts about its container now, whether it is throttled or not. A
 * `Waiting` one is watched only while it is about to begin, for what stood before the change.
 */
const needsMeasuring = ({ status, metadata }: KernelWhisper): boolean => {
  const remedy = status?.remedy ?? null;
  if (remedy === null || metadata.deletionTimestamp !== null || !WATCHED.has(remedy.phase)) return false;
  return remedy.phase !== 'Waiting' || remedy.reason === 'MeasuringBefore';
};

/** The whispers that need measuring, kept up to date: a handful among 20,000, of which every node asks every few seconds. */
export function keepWaiting(whispers: ObjectIndex<'KernelWhisper'>): ReadonlyMap<string, KernelWhisper> {
  const waiting = new Map<string, KernelWhisper>();
  const note = (whisper: KernelWhisper, isThere: boolean): void => {
    const key = refKey(whisper.metadata);
    if (isThere && needsMeasuring(whisper)) waiting.set(key, whisper);
    else waiting.delete(key);
  };
  for (const whisper of whispers.values()) note(whisper, true);
  whispers.listen(({ type, object }) => note(object, type !== 'DELETED'));
  return waiting;
}
