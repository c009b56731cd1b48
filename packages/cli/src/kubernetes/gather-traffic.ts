import { KernelGossipError, messageOf, PodTraffic } from 'kernel-gossip-types';
import { decodeAnswer, parseJson, textField } from '../target/decode-answer.ts';
import { refused } from '../target/failures.ts';
import { nothingTold, type SilentReplica, type TrafficAnswer } from '../target/traffic.ts';
import { mergeTraffic } from '../traffic/merge-traffic.ts';
import type { ReplicaAnswer } from './forwarded-operator.ts';

/** What one replica said: what it holds, that it holds nothing, or nothing at all. */
type Heard =
  | { readonly type: 'told'; readonly traffic: PodTraffic }
  | { readonly type: 'nothing'; readonly error: KernelGossipError }
  | { readonly type: 'silent'; readonly silent: SilentReplica; readonly error: unknown };

function hear({ replica, answer }: ReplicaAnswer): Heard {
  if ('error' in answer) return silent(replica, answer.error);
  const { status, text } = answer;
  if (status === 404) return { type: 'nothing', error: nothingTold(text) };
  const body = parseJson(text);
  if (status !== 200) return silent(replica, refused(`replica ${replica}`, status, textField(body, 'error')));
  try {
    return { type: 'told', traffic: decodeAnswer(PodTraffic, body, `the answer of replica ${replica}`) };
  } catch (error) {
    return silent(replica, error);
  }
}

const silent = (replica: string, error: unknown): Heard => ({
  type: 'silent',
  silent: { replica, why: messageOf(error) },
  error,
});

/**
 * Puts together what the replicas of an operator said of a pod's traffic: each holds what was sent to it. Throws where none
 * of them has anything to tell.
 */
export function gatherTraffic(answers: readonly ReplicaAnswer[]): TrafficAnswer {
  const heard = answers.map(hear);
  const missing = heard.filter((one) => one.type === 'silent');
  const [first, ...others] = heard.flatMap((one) => (one.type === 'told' ? [one.traffic] : []));
  if (first !== undefined) {
    return { traffic: mergeTraffic([first, ...others]), silent: missing.map(({ silent: one }) => one) };
  }
  const nothing = heard.find((one) => one.type === 'nothing');
  if (nothing === undefined) throw missing[0]?.error;
  if (missing.length === 0) throw nothing.error;
  const why = missing.map(({ silent: one }) => `${one.replica} did not answer: ${one.why}`).join('; ');
  throw new KernelGossipError('KG_NOT_FOUND', `${nothing.error.message}. But ${why}`);
}
