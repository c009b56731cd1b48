import type { KernelWhisper } from 'kernel-gossip-types';

/** How many states of one whisper are remembered, and of how many whispers. */
export const KEPT_STATES = 120;
export const KEPT_WHISPERS = 2000;

/** What each whisper said before, as far as this page heard it: the operator keeps only the latest. Oldest first. */
export type History = ReadonlyMap<string, readonly KernelWhisper[]>;

/** What makes a state worth remembering: other figures, of the kernel, of metrics or of a remedy. */
const figuresIn = ({ spec, status }: KernelWhisper): string =>
  [
    spec.detected_at,
    spec.measured_at,
    spec.ended_at,
    status?.metrics?.measured_at,
    status?.measured?.container?.measured_at,
    status?.remedy?.phase,
    status?.remedy?.after?.container?.measured_at,
  ].join(' ');

/** The history with one more state; it changes the map, which belongs to the caller. The oldest goes first. */
export function remember(
  history: Map<string, readonly KernelWhisper[]>,
  key: string,
  whisper: KernelWhisper,
): void {
  const states = history.get(key) ?? [];
  const last = states.at(-1);
  if (last !== undefined && figuresIn(last) === figuresIn(whisper)) return;
  // Set anew, so that the map's order of insertion is the order in which whispers were last heard of.
  history.delete(key);
  history.set(key, [...states, whisper].slice(-KEPT_STATES));
  const [oldest] = history.keys();
  if (history.size > KEPT_WHISPERS && oldest !== undefined) history.delete(oldest);
}
