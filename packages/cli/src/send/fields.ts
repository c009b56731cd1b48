import { isLeft } from 'fp-ts/lib/Either.js';
import {
  CpuThrottle,
  decode,
  describeFailure,
  KernelGossipError,
  MemoryPressure,
  NetworkIssue,
  PodCreation,
  type Field,
  type FindingObservation,
} from 'kernel-gossip-types';

const CODECS = {
  cpu_throttle: CpuThrottle,
  pod_creation: PodCreation,
  memory_pressure: MemoryPressure,
  network_issue: NetworkIssue,
} as const;

/**
 * Fields that no flag sets: the command is the type, and whatever is sent by hand is synthetic, which no flag may deny.
 */
export const FIELDS_WITHOUT_FLAG = ['type', 'provenance'] as const;

/** Flags whose name is not the field's own. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  pod_name: 'pod',
  container_name: 'container',
  node_name: 'node',
  throttle_percentage: 'throttled',
  actual_cpu_usage: 'actual-cpu',
  reported_cpu_usage: 'reported-cpu',
  period_seconds: 'period',
  limit_cores: 'limit',
  memory_usage_percentage: 'usage',
  memory_usage_bytes: 'usage-bytes',
  memory_limit_bytes: 'limit-bytes',
  reported_memory_bytes: 'reported-bytes',
  stalled_percentage: 'stalled',
  failure_percentage: 'failed-percent',
  duration_ms: 'duration',
  latency_ms: 'latency',
};

export interface FieldFlag {
  readonly field: string;
  readonly flag: string;
  /** Where commander keeps its value. */
  readonly key: string;
  readonly takes: 'nothing' | 'number' | 'text' | 'texts' | 'timeline';
  readonly description: string;
  readonly needed: boolean;
}

function takesOf(name: string, { codec: { schema } }: Field<unknown>): FieldFlag['takes'] {
  if (name === 'timeline') return 'timeline';
  if (schema.type === 'boolean') return 'nothing';
  if (schema.type === 'array') return 'texts';
  return schema.type === 'number' || schema.type === 'integer' ? 'number' : 'text';
}

const camelCase = (flag: string): string =>
  flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The flags of one kind of observation, from its codec: a field added there has its flag here at once. */
export const flagsOf = (type: FindingObservation['type']): readonly FieldFlag[] =>
  (Object.entries(CODECS[type].fields) as readonly (readonly [string, Field<unknown>])[])
    .filter(([name]) => !(FIELDS_WITHOUT_FLAG as readonly string[]).includes(name))
    .map(([name, field]) => {
      const flag = FLAG_NAMES[name] ?? name.replaceAll('_', '-');
      return {
        field: name,
        flag,
        key: camelCase(flag),
        takes: takesOf(name, field),
        description: field.description,
        needed: !field.optional && name !== 'timestamp',
      };
    });

const STEP = /^(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?:~(\d+(?:\.\d+)?))?\s+(\S+)\s+(.+)$/;

/** A step of a birth as `--timeline "0+120~1000 kubelet accept the pod"`: begin, length, coarseness of the clock, who, what. */
export function parseStep(text: string): Readonly<Record<string, unknown>> {
  const match = STEP.exec(text);
  if (match === null) {
    throw new KernelGossipError(
      'KG_USAGE',
      `--timeline: expected BEGIN[+LENGTH][~RESOLUTION] ACTOR ACTION in milliseconds, like "0+120 kubelet accept the pod", got "${text}".`,
    );
  }
  const [, begin, length, resolution, actor, action] = match;
  const number = (value: string | undefined): number | null => (value === undefined ? null : Number(value));
  return {
    timestamp_ms: number(begin),
    duration_ms: number(length),
    resolution_ms: number(resolution),
    actor,
    action,
    source: 'kgossip',
  };
}

function valueOf({ takes }: FieldFlag, given: unknown): unknown {
  if (given === undefined) return null;
  if (takes === 'number' && typeof given === 'string') return given.trim() === '' ? given : Number(given);
  if (takes === 'texts' && Array.isArray(given)) return given.flatMap((text) => String(text).split(','));
  if (takes === 'timeline' && Array.isArray(given)) return given.map((text) => parseStep(String(text)));
  return given;
}

/** A field's path as the person typed it: `throttle_percentage` is `--throttled`. */
export function flagForPath(type: FindingObservation['type'], path: string): string {
  const field = /^[a-z_]+/.exec(path)?.[0] ?? '';
  const found = flagsOf(type).find((candidate) => candidate.field === field);
  return found === undefined ? path : `--${found.flag}`;
}

/** The observation that the given options make; `KG_USAGE` naming every flag that is wrong. */
export function observationFrom(
  type: FindingObservation['type'],
  options: Readonly<Record<string, unknown>>,
  now: number,
): FindingObservation {
  const fields = flagsOf(type).map((flag) => [flag.field, valueOf(flag, options[flag.key])] as const);
  const given = Object.fromEntries(fields.filter(([, value]) => value !== null));
  const decoded = decode<FindingObservation>(CODECS[type], {
    timestamp: new Date(now).toISOString(),
    source: 'kgossip',
    ...given,
    type,
    provenance: 'synthetic',
  });
  if (isLeft(decoded)) {
    const wrong = decoded.left.map((failure) =>
      describeFailure({ ...failure, path: flagForPath(type, failure.path) }),
    );
    throw new KernelGossipError('KG_USAGE', wrong.join('\n'));
  }
  return decoded.right;
}
