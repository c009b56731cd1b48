import { isKernelGossipError, messageOf, type Condition } from 'kernel-gossip-types';
import type { PixieCluster } from '../client/pixie-client.ts';
import type { ScriptState } from './script-state.ts';

/** What is known of the cluster in Pixie. */
export type ClusterView =
  | { readonly kind: 'not asked' }
  | { readonly kind: 'known'; readonly cluster: PixieCluster }
  | { readonly kind: 'failed'; readonly error: unknown };

export type Readiness = Pick<Condition, 'status' | 'reason' | 'message'>;

/** One failure may be chance: a stream that was cut, a node that went. */
const FAILURES_THAT_COUNT = 2;

/** States in which Pixie runs scripts. A PEM that is asked itself has no word about that. */
const ANSWERING: ReadonlySet<string | null> = new Set(['HEALTHY', 'DEGRADED', null]);
export const isAnswering = ({ status }: PixieCluster): boolean => ANSWERING.has(status);

/** The condition Ready: whether Pixie answers and its scripts run. */
export function readiness(view: ClusterView, scripts: readonly ScriptState[]): Readiness {
  if (view.kind === 'not asked')
    return { status: 'Unknown', reason: 'Connecting', message: 'Pixie has not been asked yet.' };
  if (view.kind === 'failed') return away(view.error);
  const { cluster } = view;
  if (!isAnswering(cluster)) {
    return {
      status: 'False',
      reason: 'Unhealthy',
      message: `Pixie is ${inWords(cluster)}; no script can run.`,
    };
  }
  const failing = scripts.filter(
    ({ consecutive_failures: failures }) => (failures ?? 0) >= FAILURES_THAT_COUNT,
  );
  return failing.length === 0
    ? { status: 'True', reason: 'Connected', message: `Pixie is ${inWords(cluster)} and its scripts run.` }
    : { status: 'False', reason: 'ScriptFailing', message: failing.map(inOneLine).join('\n') };
}

function away(error: unknown): Readiness {
  const message = messageOf(error);
  if (isKernelGossipError(error, 'KG_FORBIDDEN')) return { status: 'False', reason: 'WrongKey', message };
  if (isKernelGossipError(error, 'KG_NOT_FOUND'))
    return { status: 'False', reason: 'UnknownCluster', message };
  return { status: 'False', reason: 'Unreachable', message };
}

const inWords = ({ status, statusMessage }: PixieCluster): string => {
  const word = status ?? 'reachable';
  return statusMessage == null || statusMessage === '' ? word : `${word} (${statusMessage})`;
};

const inOneLine = ({ name, consecutive_failures, message }: ScriptState): string =>
  `${name} failed ${String(consecutive_failures)} times in a row: ${String(message)}`;
