import type { ChalkInstance } from 'chalk';
import { visible, type KernelWhisper, type Phase, type Provenance, type Severity } from 'kernel-gossip-types';

/** What a finding says about itself when it was not measured where and when it says. Null for a measured one. */
export const provenanceNote = (provenance: Provenance): string | null =>
  ({
    measured: null,
    synthetic: 'SYNTHETIC: made up to try things out, not measured',
    replayed: 'REPLAYED: a recording played again, not measured now',
  })[provenance];

export const paintSeverity = (chalk: ChalkInstance, severity: Severity, text: string): string =>
  ({ critical: chalk.red.bold, warning: chalk.yellow, info: chalk.cyan })[severity](text);

/** Open, Resolved, or Pending while the controllers have not looked at it yet. */
export const phaseOf = ({ status }: KernelWhisper): Phase | 'Pending' => status?.phase ?? 'Pending';

/** What the kernel shows, in the words of the assessment. */
export const evidenceOf = ({ status }: KernelWhisper): string =>
  visible(status?.kernel_evidence ?? 'not assessed yet');

export const containerOf = ({ spec }: KernelWhisper): string =>
  spec.container_name === null ? '<pod>' : visible(spec.container_name);

export const marked = (provenance: Provenance, text: string): string =>
  provenance === 'measured' ? text : `${text} (${provenance})`;

/** Like `Deployment/web`; `<none>` for a pod that stands alone. */
export const workloadText = ({ spec: { workload } }: KernelWhisper): string =>
  workload === null ? '<none>' : `${visible(workload.kind)}/${visible(workload.name)}`;
