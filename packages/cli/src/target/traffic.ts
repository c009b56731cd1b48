import { KernelGossipError, type PodTraffic } from 'kernel-gossip-types';
import { parseJson, textField } from './decode-answer.ts';

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/** What the operator was told of a pod's traffic, by all of its replicas that could be asked. */
export interface TrafficAnswer {
  readonly traffic: PodTraffic;
  /** Those that did not answer: what they hold is missing. */
  readonly silent: readonly SilentReplica[];
}

export interface SilentReplica {
  readonly replica: string;
  readonly why: string;
}

/** Where an operator tells of it. */
export const trafficPath = ({ namespace, name }: PodRef): string =>
  `/api/v1alpha1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/traffic`;

/** What an operator's 404 means here, in its own words. */
export const nothingTold = (body: string): KernelGossipError =>
  new KernelGossipError('KG_NOT_FOUND', textField(parseJson(body), 'error') ?? 'Nothing is known of it.');
