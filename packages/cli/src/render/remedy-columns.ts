import type { ChalkInstance } from 'chalk';
import { visible, type RemedyPhase } from 'kernel-gossip-types';
import type { Remedied } from '../remedy/choose-remedy.ts';
import { age } from '../terminal/duration.ts';
import type { Column } from '../terminal/table.ts';
import { changeText, improvementText, momentOf } from './remedy-words.ts';

export interface RemedyColumnsOptions {
  readonly chalk: ChalkInstance;
  readonly now: number;
  readonly wide: boolean;
}

const paintPhase = (chalk: ChalkInstance, phase: RemedyPhase, text: string): string => {
  if (phase === 'Proven') return chalk.green(text);
  return phase === 'Proposed' ? chalk.yellow(text) : text;
};

/** The columns of `kgossip remedy list`. */
export const remedyColumns = ({ chalk, now, wide }: RemedyColumnsOptions): readonly Column<Remedied>[] => [
  { header: 'NAMESPACE', text: ({ whisper }) => visible(whisper.spec.namespace), expendable: 3 },
  { header: 'POD', text: ({ whisper }) => visible(whisper.spec.pod_name), shrinksTo: 14 },
  { header: 'CONTAINER', text: ({ remedy }) => visible(remedy.container_name), expendable: 5 },
  {
    header: 'PHASE',
    text: ({ remedy }) => remedy.phase,
    paint: ({ remedy }, text) => paintPhase(chalk, remedy.phase, text),
  },
  { header: 'MODE', text: ({ remedy }) => remedy.mode, expendable: 4 },
  { header: 'CHANGE', text: ({ remedy }) => changeText(remedy.from, remedy.to), shrinksTo: wide ? 200 : 24 },
  { header: 'WITHHELD', text: ({ remedy }) => improvementText(remedy), expendable: 1 },
  { header: 'AGE', text: ({ remedy }) => age(momentOf(remedy), now), expendable: 2 },
  {
    header: 'MESSAGE',
    text: ({ remedy }) => visible(remedy.message),
    shrinksTo: wide ? 200 : 30,
    expendable: 6,
  },
];

/** What waits for a person first, then what happened last. */
export const byNeed = (a: Remedied, b: Remedied): number =>
  Number(b.remedy.phase === 'Proposed') - Number(a.remedy.phase === 'Proposed') ||
  Date.parse(momentOf(b.remedy) ?? '') - Date.parse(momentOf(a.remedy) ?? '') ||
  (a.whisper.metadata.name < b.whisper.metadata.name ? -1 : 1);
