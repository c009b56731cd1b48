import type { ContainerResources, Workload } from 'kernel-gossip-types';
import type { ContainerKind } from './container-kind.ts';

/** A container as far as a change of its resources is concerned. */
export interface ContainerFacts {
  readonly name: string;
  /** A plain init container cannot be resized. */
  readonly kind: ContainerKind;
  /** What its spec asks for. */
  readonly resources: ContainerResources;
  /** What the kubelet says is in force; null where it does not say. */
  readonly actual: ContainerResources | null;
  /** What a change does to it: by resource, RestartContainer or NotRequired (the default). */
  readonly restarts: { readonly cpu: boolean; readonly memory: boolean };
  readonly id: string | null;
}

/** What the kubelet says about a change of resources (KEP-1287). */
export interface ResizeCondition {
  readonly type: 'PodResizePending' | 'PodResizeInProgress';
  readonly reason: string;
  readonly message: string;
  readonly since: string | null;
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string | null;
  readonly phase: string | null;
  readonly qosClass: string | null;
  readonly runtimeClass: string | null;
  readonly isStatic: boolean;
  readonly isGoing: boolean;
  readonly workload: Workload | null;
  readonly containers: readonly ContainerFacts[];
  readonly resize: readonly ResizeCondition[];
}

/** Those that run as long as the pod: their limits add up to the pod's. */
export const lastingContainers = ({ containers }: PodFacts): readonly ContainerFacts[] =>
  containers.filter(({ kind }) => kind === 'container' || kind === 'sidecar');

/** CPU in cores and memory in bytes; null where there is no such bound. */
export interface Amounts {
  readonly cpu: number | null;
  readonly memory: number | null;
}

export interface LimitRangeFacts {
  readonly name: string;
  readonly type: 'Container' | 'Pod';
  readonly max: Amounts;
  /** How many times its request a limit may be. */
  readonly maxRatio: Amounts;
}

/** What a quota leaves; null for what it does not bound. */
export interface QuotaFacts {
  readonly name: string;
  readonly limitsLeft: Amounts;
  readonly requestsLeft: Amounts;
}

export interface NodeFacts {
  readonly name: string;
  readonly allocatable: Amounts;
  /** What all pods of the node ask for together, this one included. */
  readonly requested: { readonly cpu: number; readonly memory: number };
}

export interface AutoscalerFacts {
  readonly kind: 'VerticalPodAutoscaler' | 'HorizontalPodAutoscaler';
  readonly name: string;
  /** The resources that it acts by, or on. */
  readonly resources: readonly ('cpu' | 'memory')[];
}

/** What could not be found out, and why: nothing is taken for allowed because nobody could be asked. */
export interface Unknown {
  readonly unknown: string;
}
export type Known<A> = A | Unknown;
export const isUnknown = (fact: unknown): fact is Unknown =>
  typeof fact === 'object' && fact !== null && 'unknown' in fact;

/** Everything about a pod's surroundings that bears on a change of its resources. */
export interface Surroundings {
  /** Null where this operator may change the resources of the pods of the namespace; else what is missing. */
  readonly missingRight: string | null;
  /** Whether the API server knows `pods/resize` (Kubernetes 1.33). */
  readonly canResize: Known<boolean>;
  readonly limitRanges: Known<readonly LimitRangeFacts[]>;
  readonly quotas: Known<readonly QuotaFacts[]>;
  readonly node: Known<NodeFacts>;
  readonly autoscalers: Known<readonly AutoscalerFacts[]>;
  /** What keeps the workload in line with a repository, like `Argo CD (shop)`; null where nothing is seen to. */
  readonly managedBy: Known<string | null>;
}
