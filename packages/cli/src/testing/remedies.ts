import type { KernelWhisper } from 'kernel-gossip-types';
import { whisper } from './whispers.ts';

type Parts = Readonly<Record<string, unknown>>;

const reading = (parts: Parts): Parts => ({ window_seconds: 10, ...parts });

const BEFORE = {
  container: reading({
    measured_at: '2024-03-15T10:30:05Z',
    limit_cores: 0.2,
    usage_cores: 0.19,
    nr_periods: 100,
    nr_throttled: 86,
    throttled_seconds: 12.5,
  }),
  pod: reading({
    measured_at: '2024-03-15T10:30:05Z',
    limit_cores: 0.25,
    usage_cores: 0.194,
    nr_periods: 100,
    nr_throttled: 3,
    throttled_seconds: 0.04,
  }),
};
const AFTER = {
  container: reading({
    measured_at: '2024-03-15T10:33:50Z',
    limit_cores: 0.4,
    usage_cores: 0.331,
    nr_periods: 100,
    nr_throttled: 1,
    throttled_seconds: 0.02,
  }),
  pod: reading({
    measured_at: '2024-03-15T10:33:50Z',
    limit_cores: 0.45,
    usage_cores: 0.335,
    nr_periods: 100,
    nr_throttled: 0,
    throttled_seconds: 0,
  }),
};

export const OWNER_PATCH = JSON.stringify({
  spec: { template: { spec: { containers: [{ name: 'app', resources: { limits: { cpu: '400m' } } }] } } },
});

/** A remedy of the container `app`, as the operator writes it while it is only proposed. */
export const proposed = (parts: Parts = {}): Parts => ({
  phase: 'Proposed',
  reason: 'DryRun',
  message: 'The policy only allows to show it.',
  mode: 'DryRun',
  decided_by: 'RemediationPolicy shop/web',
  proposal_id: 'p-1',
  container_name: 'app',
  original: { cpu_limit: '200m', cpu_request: '100m' },
  from: { cpu_limit: '200m', cpu_request: '100m' },
  to: { cpu_limit: '400m', cpu_request: '100m' },
  patch: JSON.stringify({
    spec: { containers: [{ name: 'app', resources: { limits: { cpu: '400m' } } }] },
  }),
  owner: { kind: 'Deployment', name: 'web', patch: OWNER_PATCH },
  checks: [
    { name: 'policy', passed: true, message: 'RemediationPolicy shop/web covers the pod' },
    { name: 'in_place', passed: true, message: 'the container is not restarted by it' },
  ],
  before: BEFORE,
  started_at: '2024-03-15T10:30:10Z',
  ...parts,
});

/** The same, done and proven. */
export const proven = (parts: Parts = {}): Parts =>
  proposed({
    phase: 'Proven',
    reason: 'LessWithheld',
    message: '1 of 100 periods throttled in 10 s under 400m; 86 of 100 before.',
    mode: 'Auto',
    after: AFTER,
    improvement_percent: 99.84,
    applied_at: '2024-03-15T10:30:12Z',
    decided_at: '2024-03-15T10:33:51Z',
    ...parts,
  });

/** A measured whisper with all that the operator can say about it. */
export const fullWhisper = (remedy: Parts | null, status: Parts = {}, spec: Parts = {}): KernelWhisper =>
  whisper({
    spec: {
      provenance: 'measured',
      source: { name: 'kernel-gossip-observer', node_name: 'node-1' },
      workload: { kind: 'Deployment', name: 'web' },
      throttled_percent: 86,
      kernel_truth: {
        throttled_percent: 86,
        actual_cpu_cores: 0.19,
        limit_cores: 0.2,
        nr_periods: 100,
        nr_throttled: 86,
        throttled_seconds: 12.5,
        window_seconds: 10,
      },
      metrics_lie: null,
      ...spec,
    },
    status: {
      insight: 'Pod experiencing high CPU throttling at 86%',
      kernel_evidence: 'Kernel throttled 86 of 100 CFS periods (86%) in 10 s',
      recommendation: 'Raise the CPU limit of app from 200m to 400m',
      cause: {
        kind: 'limit_below_demand',
        evidence: ['0.19 of 0.2 cores used in 10 s', '86 of 100 periods throttled in 10 s'],
        would_tell: 'how many threads were runnable: the observer could not read /proc',
      },
      metrics: {
        availability: 'available',
        read_at: '2024-03-15T10:34:10Z',
        measured_at: '2024-03-15T10:34:02Z',
        window_seconds: 15.5,
        cpu_cores: 0.18,
        kernel_measured_at: '2024-03-15T10:34:05Z',
        kernel_window_seconds: 10,
        kernel_cpu_cores: 0.19,
      },
      metrics_comparison: { kernel_cpu_usage: 0.19, metrics_cpu_usage: 0.18, discrepancy_percent: 5.26 },
      remedy,
      ...status,
    },
  });
