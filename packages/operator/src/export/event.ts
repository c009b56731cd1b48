import type { Severity, Workload } from 'kernel-gossip-types';

/** What stands on a record beside its words; null is what was not measured or not said, and is left out. */
export type EventAttributes = Readonly<Record<string, string | number | boolean | null>>;

/** Something that happened to a finding, for whoever keeps its history. */
export interface FindingEvent {
  /** One of a few names, which says what happened and nothing of whom. */
  readonly name: string;
  readonly severity: Severity;
  /** When it happened, in Unix milliseconds; null means now. */
  readonly atMs: number | null;
  /** For people. */
  readonly body: string;
  readonly attributes: EventAttributes;
}

/** Scalars of a block, each under its own name below the prefix. */
export const flattened = (prefix: string, block: object | null): EventAttributes =>
  Object.fromEntries(
    Object.entries(block ?? {})
      .filter(([, value]) => isScalar(value))
      .map(([name, value]) => [`${prefix}.${name}`, value as string | number | boolean]),
  );

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Kinds of workloads that have an attribute of their own (OpenTelemetry's semantic conventions, resource k8s). */
const CONVENTIONAL = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']);

export const workloadAttributes = (workload: Workload | null): EventAttributes =>
  workload === null
    ? {}
    : {
        'kernel_gossip.workload.kind': workload.kind,
        'kernel_gossip.workload.name': workload.name,
        ...(CONVENTIONAL.has(workload.kind)
          ? { [`k8s.${workload.kind.toLowerCase()}.name`]: workload.name }
          : {}),
      };

/** Where a time stands that may be missing. */
export const msOf = (time: string | null): number | null => (time === null ? null : Date.parse(time));
