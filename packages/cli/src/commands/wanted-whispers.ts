import { SEVERITIES, type KernelWhisper, type Severity } from 'kernel-gossip-types';
import type { OutputFormat } from '../options.ts';

/** Which whispers are asked for, and how they are shown. */
export interface WhispersOptions {
  readonly namespace: string | null;
  readonly severity: Severity | null;
  readonly open: boolean;
  readonly output: OutputFormat;
  readonly failOn: Severity | null;
}

/** Whether a whisper is among those asked for. */
export const isWanted = (
  { spec, status }: KernelWhisper,
  { severity, open }: Pick<WhispersOptions, 'severity' | 'open'>,
): boolean =>
  (severity === null || SEVERITIES.indexOf(spec.severity) >= SEVERITIES.indexOf(severity)) &&
  (!open || status?.phase !== 'Resolved');
