import {
  visible,
  REMEDY_PHASE_WORDS,
  type Remedy,
  type RemedyOwner,
  type RemedyPhase,
} from 'kernel-gossip-types';
import { ownerCommand, ownerManifest, resizeCommand } from '../remedy/by-hand.ts';
import type { Remedied } from '../remedy/choose-remedy.ts';
import { wrap } from '../terminal/width.ts';
import { headed, indented, type Paper } from './paper.ts';
import { helpLines, isUntried, lastingText, remedyCommand } from './remedy-story.ts';
import { changeText, modeText, resourcesText, timesText } from './remedy-words.ts';

function checkLines({ checks }: Remedy, paper: Paper): readonly string[] {
  if (checks === null || checks.length === 0) return headed('Checks:', 'not stated.', paper);
  const { chalk } = paper;
  return [
    ...headed(
      'Checks:',
      `${checks.filter(({ passed }) => passed).length} of ${checks.length} passed.`,
      paper,
    ),
    ...checks.flatMap(({ name, passed, message }) => {
      const [first = '', ...rest] = indented(`${visible(name)}: ${visible(message)}`, paper, 8);
      const mark = passed ? chalk.green('yes') : chalk.red.bold('no ');
      return [`    ${mark} ${first.trimStart()}`, ...rest];
    }),
  ];
}

/** Exactly what goes to the API server: not wrapped, so that it can be copied. */
function patchLines({ whisper, remedy }: Remedied, paper: Paper): readonly string[] {
  const command = resizeCommand(whisper, remedy);
  if (command === null || remedy.patch === null) return headed('What is sent:', 'nothing.', paper);
  return [
    ...headed(
      isUntried(remedy) ? 'What would be sent:' : 'What was sent last:',
      `PATCH of pods/${visible(whisper.spec.pod_name)}/resize, by the operator.`,
      paper,
    ),
    `    ${visible(remedy.patch)}`,
    ...headed('The same by hand:', '', paper),
    `    ${command}`,
  ];
}

/** What to change in the owner, as a command and as YAML for a repository. Comments are those of a shell and of YAML. */
export const ownerText = (namespace: string, owner: RemedyOwner): string =>
  [
    '# As a command:',
    ownerCommand(namespace, owner),
    '',
    '# As YAML, for a repository:',
    ownerManifest(namespace, owner),
  ].join('\n');

/** What did not help is not offered for lasting. */
const MAY_LAST: ReadonlySet<RemedyPhase> = new Set(['Proposed', 'Refused', 'Proven']);

function ownerLines({ whisper, remedy }: Remedied, paper: Paper): readonly string[] {
  if (!MAY_LAST.has(remedy.phase))
    return headed('To make it last:', 'not proved, so nothing to make last.', paper);
  const heading = headed('To make it last:', lastingText(remedy), paper);
  if (remedy.owner === null) return heading;
  return [
    ...heading,
    `    ${ownerCommand(whisper.spec.namespace, remedy.owner)}`,
    `    (or ${remedyCommand(whisper, 'persist')}; --print for YAML)`,
  ];
}

function learned(remedy: Remedy): string {
  const { search, setbacks } = remedy;
  const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
  const parts = [
    ...(search === null || isUntried(remedy)
      ? []
      : [`raised ${times(search.raises)}, lowered ${times(search.trims)}`]),
    ...(setbacks === 0 ? [] : [`without success ${times(setbacks)}`]),
  ];
  return parts.length === 0 ? '' : `Until now ${parts.join(', ')}.`;
}

/** All that is known about one remedy. */
export function remedySheet(one: Remedied, paper: Paper): string {
  const { whisper, remedy } = one;
  const { spec } = whisper;
  const { phase, reason, message, original, proposal_id: id } = remedy;
  const times = timesText(remedy, paper.now);
  const further = [learned(remedy), id === null ? '' : `Proposal ${visible(id)}.`].filter(
    (text) => text !== '',
  );
  return [
    ...wrap(
      `Remedy for ${visible(spec.namespace)}/${visible(spec.pod_name)}, container ${visible(remedy.container_name)} (${spec.kind})`,
      paper.width,
    ).map((line) => paper.chalk.bold(line)),
    '',
    ...headed('Phase:', `${phase}: ${REMEDY_PHASE_WORDS[phase]} (${visible(reason)}).`, paper),
    ...indented(visible(message), paper, 4),
    ...headed('Change:', `${changeText(remedy.from, remedy.to)}.`, paper),
    ...(original === null ? [] : indented(`It began with ${resourcesText(original)}.`, paper, 4)),
    ...headed('Mode:', `${modeText(remedy)}${times === '' ? '' : `; ${times}`}.`, paper),
    ...further.flatMap((text) => indented(text, paper, 4)),
    '',
    ...checkLines(remedy, paper),
    '',
    ...patchLines(one, paper),
    '',
    ...helpLines(whisper, remedy, paper),
    '',
    ...ownerLines(one, paper),
  ].join('\n');
}
