import {
  REMEDIATION_ANNOTATION,
  type AllowedHours,
  type FindingKind,
  type RemediationLimits,
  type RemediationMode,
  type RemediationPolicy,
} from 'kernel-gossip-types';

/** What is allowed for one pod, put together from everything that speaks about it. */
export interface Mandate {
  readonly mode: RemediationMode;
  /** Who says so, for people. */
  readonly decidedBy: string;
  readonly limits: RemediationLimits;
  /** Each policy's own hours; all of them must allow. */
  readonly hours: readonly (readonly AllowedHours[])[];
}

/** The bounds of a policy that names none: those of the schema. */
export const DEFAULT_LIMITS: RemediationLimits = {
  max_cpu_cores: null,
  max_memory_bytes: null,
  max_increase_percent: 300,
  max_factor: 8,
  max_changes_per_hour: 6,
  min_seconds_between_changes: 60,
};

const STRICTEST_FIRST: readonly RemediationMode[] = ['Off', 'DryRun', 'Auto'];

interface Voice {
  readonly who: string;
  readonly mode: RemediationMode;
}

export interface MandateFor {
  readonly labels: Readonly<Record<string, string>>;
  /** What the pod's own annotation says. */
  readonly remediation: string | null;
  readonly kind: FindingKind;
}

/**
 * What policies and the pod's own annotation allow together: the strictest of each. Where nobody says anything, changes
 * are shown and not made.
 */
export function mandateFor(pod: MandateFor, policies: readonly RemediationPolicy[]): Mandate {
  const matching = policies.filter((policy) => matches(policy, pod));
  const voices = [
    ...matching.map(({ metadata, spec }): Voice => ({ who: `policy ${metadata.name}`, mode: spec.mode })),
    ...annotationVoice(pod.remediation),
  ];
  const mode = STRICTEST_FIRST.find((candidate) => voices.some((voice) => voice.mode === candidate));
  return {
    mode: mode ?? 'DryRun',
    decidedBy: mode === undefined ? 'default: no policy selects the pod' : wordsOf(voices, mode),
    limits: strictest(matching.map(({ spec }) => spec.limits ?? DEFAULT_LIMITS)),
    hours: matching.flatMap(({ spec }) => (spec.allowed_hours === null ? [] : [spec.allowed_hours])),
  };
}

function matches({ spec, metadata }: RemediationPolicy, { labels, kind }: MandateFor): boolean {
  if (metadata.deletionTimestamp !== null) return false;
  if (spec.kinds !== null && !spec.kinds.includes(kind)) return false;
  const wanted = Object.entries(spec.pod_selector?.match_labels ?? {});
  return wanted.every(([label, value]) => labels[label] === value);
}

/** What cannot be read must not be taken for a permission. */
function annotationVoice(value: string | null): readonly Voice[] {
  if (value === null) return [];
  const mode = STRICTEST_FIRST.find((candidate) => candidate === value);
  return mode === undefined
    ? [
        {
          who: `annotation ${REMEDIATION_ANNOTATION}, which is none of ${STRICTEST_FIRST.join(', ')}`,
          mode: 'Off',
        },
      ]
    : [{ who: `annotation ${REMEDIATION_ANNOTATION}`, mode }];
}

function wordsOf(voices: readonly Voice[], mode: RemediationMode): string {
  const who = voices.filter((voice) => voice.mode === mode).map((voice) => voice.who);
  const others = voices.filter((voice) => voice.mode !== mode);
  const said = others.map((voice) => `${voice.who} says ${voice.mode}`);
  const decided = who.join(' and ');
  return (said.length === 0 ? decided : `${decided}; ${said.join(', ')}, and the stricter wins`).slice(
    0,
    512,
  );
}

const strictest = (limits: readonly RemediationLimits[]): RemediationLimits =>
  limits.length === 0 ? DEFAULT_LIMITS : limits.reduce(stricterOf);

const stricterOf = (one: RemediationLimits, other: RemediationLimits): RemediationLimits => ({
  max_cpu_cores: leastOf(one.max_cpu_cores, other.max_cpu_cores),
  max_memory_bytes: leastOf(one.max_memory_bytes, other.max_memory_bytes),
  max_increase_percent: Math.min(one.max_increase_percent, other.max_increase_percent),
  max_factor: Math.min(one.max_factor, other.max_factor),
  max_changes_per_hour: Math.min(one.max_changes_per_hour, other.max_changes_per_hour),
  min_seconds_between_changes: Math.max(one.min_seconds_between_changes, other.min_seconds_between_changes),
});

const leastOf = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);
