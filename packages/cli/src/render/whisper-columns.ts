import type { ChalkInstance } from 'chalk';
import { visible, type KernelWhisper } from 'kernel-gossip-types';
import { age } from '../terminal/duration.ts';
import type { Column } from '../terminal/table.ts';
import { containerOf, evidenceOf, marked, paintSeverity, phaseOf, workloadText } from './words.ts';

export interface WhisperColumnsOptions {
  readonly chalk: ChalkInstance;
  readonly now: number;
  readonly wide: boolean;
  /** Whether there is a workload to name (see `hasWorkload`). */
  readonly grouped?: boolean;
  /** Names whose object was deleted while it was watched. */
  readonly deleted?: ReadonlySet<KernelWhisper>;
}

const lastSeen = ({ spec, status }: KernelWhisper): string => status?.last_seen ?? spec.detected_at;

/** Whether a whisper belongs to a workload, or stands for others that are not shown. */
export const hasWorkload = ({ spec, status }: KernelWhisper): boolean =>
  spec.workload !== null || (status?.withheld ?? 0) > 0;

/** The workload, and how many like whispers of it have no object of their own. */
function workloadCell(whisper: KernelWhisper): string {
  const withheld = whisper.status?.withheld ?? 0;
  return workloadText(whisper) + (withheld === 0 ? '' : ` (+${withheld} more)`);
}

/** The columns of `kgossip whispers`. The phase always stays: without it what is over looks as bad as what is not. */
export function whisperColumns(options: WhisperColumnsOptions): readonly Column<KernelWhisper>[] {
  const { chalk, now, wide, deleted, grouped = false } = options;
  const usual: readonly Column<KernelWhisper>[] = [
    { header: 'NAMESPACE', text: ({ spec }) => visible(spec.namespace), expendable: 3 },
    ...(grouped ? [{ header: 'WORKLOAD', text: workloadCell, expendable: 3.5 }] : []),
    { header: 'POD', text: ({ spec }) => visible(spec.pod_name), shrinksTo: 14 },
    { header: 'CONTAINER', text: containerOf, expendable: 4 },
    { header: 'KIND', text: ({ spec }) => spec.kind },
    {
      header: 'SEVERITY',
      text: ({ spec }) => spec.severity,
      paint: ({ spec }, text) => paintSeverity(chalk, spec.severity, text),
    },
    {
      header: 'PHASE',
      text: (whisper) => (deleted?.has(whisper) === true ? 'Deleted' : phaseOf(whisper)),
      paint: (whisper, text) => (phaseOf(whisper) === 'Resolved' ? chalk.green(text) : text),
    },
    {
      header: 'EVIDENCE',
      text: (whisper) => marked(whisper.spec.provenance, evidenceOf(whisper)),
      shrinksTo: wide ? 200 : 20,
      expendable: 1,
    },
    { header: 'LAST SEEN', text: (whisper) => age(lastSeen(whisper), now), expendable: 2 },
  ];
  const further: readonly Column<KernelWhisper>[] = [
    { header: 'CAUSE', text: ({ status }) => status?.cause?.kind ?? '<none>' },
    { header: 'REMEDY', text: ({ status }) => status?.remedy?.phase ?? '<none>' },
    { header: 'SEEN', text: ({ status }) => String(status?.observations ?? '<unknown>') },
    { header: 'SOURCE', text: ({ spec }) => visible(spec.source?.name ?? '<none>') },
    { header: 'NODE', text: ({ spec }) => visible(spec.source?.node_name ?? '<none>') },
    { header: 'PROVENANCE', text: ({ spec }) => spec.provenance },
    { header: 'NAME', text: ({ metadata }) => visible(metadata.name) },
    { header: 'RECOMMENDATION', text: ({ status }) => visible(status?.recommendation ?? '<none>') },
  ];
  return wide ? [...usual, ...further] : usual;
}
