import {
  KernelWhisperSpec,
  KernelWhisperStatus,
  PodBirthCertificateSpec,
  PodBirthCertificateStatus,
  RemediationPolicySpec,
  RemediationPolicyStatus,
} from '../resource/index.ts';
import type { CrdDefinition, PrinterColumn } from './definition.ts';

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'How long it has been there.',
};

export const CRD_DEFINITIONS: readonly CrdDefinition[] = [
  {
    kind: 'KernelWhisper',
    description: 'What the kernel did to one container while the metrics looked calm.',
    spec: KernelWhisperSpec,
    status: KernelWhisperStatus,
    columns: [
      { name: 'Pod', type: 'string', jsonPath: '.spec.pod_name', description: 'The pod.' },
      { name: 'Container', type: 'string', jsonPath: '.spec.container_name', description: 'The container.' },
      { name: 'Kind', type: 'string', jsonPath: '.spec.kind', description: 'What kind of trouble it is.' },
      { name: 'Severity', type: 'string', jsonPath: '.spec.severity', description: 'How bad it is.' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Open or Resolved.' },
      {
        name: 'Cause',
        type: 'string',
        jsonPath: '.status.cause.kind',
        description: 'What it is at bottom, as far as it was measured.',
      },
      {
        name: 'Remedy',
        type: 'string',
        jsonPath: '.status.remedy.phase',
        description: 'What is done about it.',
      },
      {
        name: 'Evidence',
        type: 'string',
        jsonPath: '.status.kernel_evidence',
        description: 'What the kernel shows.',
      },
      {
        name: 'Provenance',
        type: 'string',
        jsonPath: '.spec.provenance',
        description: 'Measured, synthetic or replayed.',
      },
      {
        name: 'Last-Seen',
        type: 'date',
        jsonPath: '.status.last_seen',
        description: 'When it was last reported.',
      },
      age,
      {
        name: 'Workload',
        type: 'string',
        jsonPath: '.spec.workload.name',
        description: 'What the pod belongs to.',
        priority: 1,
      },
      {
        name: 'Withheld',
        type: 'integer',
        jsonPath: '.status.withheld',
        description: 'Like whispers of the same workload without an object of their own.',
        priority: 1,
      },
      {
        name: 'Recommendation',
        type: 'string',
        jsonPath: '.status.recommendation',
        description: 'What to do about it.',
        priority: 1,
      },
      {
        name: 'Source',
        type: 'string',
        jsonPath: '.spec.source.name',
        description: 'Who saw it.',
        priority: 1,
      },
    ],
  },
  {
    kind: 'PodBirthCertificate',
    description: 'What the kernel and Kubernetes did for one pod to be born.',
    spec: PodBirthCertificateSpec,
    status: PodBirthCertificateStatus,
    columns: [
      { name: 'Pod', type: 'string', jsonPath: '.spec.pod_name', description: 'The pod.' },
      {
        name: 'Duration-Ms',
        type: 'number',
        jsonPath: '.spec.kernel_stats.total_duration_ms',
        description: 'How long the birth took.',
      },
      {
        name: 'Syscalls',
        type: 'integer',
        jsonPath: '.spec.kernel_stats.total_syscalls',
        description: 'System calls made.',
      },
      {
        name: 'Slowest',
        type: 'string',
        jsonPath: '.status.slowest_phase.action',
        description: 'Where most of the time went.',
      },
      {
        name: 'Provenance',
        type: 'string',
        jsonPath: '.spec.provenance',
        description: 'Measured, synthetic or replayed.',
      },
      age,
      {
        name: 'Verdict',
        type: 'string',
        jsonPath: '.status.verdict',
        description: 'What to make of it.',
        priority: 1,
      },
    ],
  },
  {
    kind: 'RemediationPolicy',
    description: 'Which pods of a namespace may be changed, how far, how often and in which mode.',
    spec: RemediationPolicySpec,
    status: RemediationPolicyStatus,
    columns: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'Off, DryRun or Auto.' },
      {
        name: 'In-Force',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="InForce")].status',
        description: 'Whether this operator acts on it.',
      },
      age,
      {
        name: 'Message',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="InForce")].message',
        description: 'Why, or why not.',
        priority: 1,
      },
    ],
  },
];
