import {
  visible,
  REMEDY_PHASE_WORDS,
  type KernelWhisper,
  type Remedy,
  type RemedyPhase,
} from 'kernel-gossip-types';
import { beforeAfter } from './before-after.ts';
import { command, headed, indented, type Paper } from './paper.ts';
import { improvementText, modeText, stepText, timesText } from './remedy-words.ts';

/** `kgossip remedy …` about the pod of a whisper, to be typed as it stands. */
export const remedyCommand = ({ spec }: KernelWhisper, what: string): string =>
  `kgossip remedy ${what} ${spec.pod_name} -n ${spec.namespace}`;

/** Nothing was sent yet, so there is nothing to compare. */
export const isUntried = ({ phase, applied_at: applied, after }: Remedy): boolean =>
  phase === 'Refused' || (applied === null && after === null);

const UNPROVED = 'Not proved';
/** A person may take back what helped, so that `TakenBack` alone is no no. */
const VERDICTS: Readonly<Record<RemedyPhase, string>> = {
  Proposed: 'Not tried',
  Refused: 'Not tried',
  Waiting: 'Not tried',
  Applying: 'Not known yet',
  Measuring: 'Not known yet',
  Proven: 'Yes',
  TakingBack: UNPROVED,
  TakenBack: UNPROVED,
  SteppedBack: UNPROVED,
  LeftAlone: 'Not enough',
};
/** Reasons that say more than their phase. */
const BY_REASON: Readonly<Record<string, string>> = {
  NotImproved: 'Too little',
  UndoneByRequest: 'Taken back by a person',
  StillKilled: 'No: processes were killed under the new limit, too',
  NoneKilled: 'No process was killed so far; nothing else was measured',
  ChangedByOthers: 'Cannot be told: someone else changed the limits meanwhile',
};

function verdict(remedy: Remedy): string {
  const { phase, reason, improvement_percent: percent } = remedy;
  const said = BY_REASON[reason] ?? VERDICTS[phase];
  return percent === null
    ? `${said}.`
    : `${said}: ${improvementText(remedy)} run time withheld per second, over all CPUs.`;
}

/** Whether it helped, and the figures that show it. */
export function helpLines(whisper: KernelWhisper, remedy: Remedy, paper: Paper): readonly string[] {
  if (isUntried(remedy)) return headed('Did it help?', 'Not tried.', paper);
  return [...headed('Did it help?', verdict(remedy), paper), ...beforeAfter(whisper, remedy, paper)];
}

/** Where the change has to be made to last, as one sentence. */
export function lastingText({ owner }: Remedy): string {
  if (owner === null) return 'no owner of the pod is stated: change it where the pod is made.';
  const needed = `${visible(owner.kind)} ${visible(owner.name)} needs it too, as new pods begin with its limits.`;
  if (owner.managed_by === null) return needed;
  return `${needed} ${visible(owner.managed_by)} keeps it in line with a repository: change it there.`;
}

function lastingLines(whisper: KernelWhisper, remedy: Remedy, paper: Paper): readonly string[] {
  const { owner, phase } = remedy;
  if (phase !== 'Proven') return [];
  const print = owner?.managed_by == null ? '' : ' --print';
  return [
    ...headed('To make it last:', lastingText(remedy), paper),
    ...(owner === null ? [] : [command(`${remedyCommand(whisper, 'persist')}${print}`, paper)]),
  ];
}

/** The checks that stand against it. */
const refusals = ({ checks, message: said }: Remedy, paper: Paper): readonly string[] =>
  (checks ?? [])
    .filter(({ passed, message }) => !passed && !said.includes(message))
    .flatMap(({ name, message }) => indented(`${visible(name)} fails: ${visible(message)}`, paper, 4));

function doneLines(whisper: KernelWhisper, remedy: Remedy, paper: Paper): readonly string[] {
  const { phase, reason, message } = remedy;
  const question = isUntried(remedy) ? 'What is proposed:' : 'What was done:';
  const times = timesText(remedy, paper.now);
  return [
    ...headed(
      question,
      `${stepText(remedy)}. ${phase}: ${REMEDY_PHASE_WORDS[phase]} (${visible(reason)}).`,
      paper,
    ),
    ...indented(visible(message), paper, 4),
    ...refusals(remedy, paper),
    ...indented(`${modeText(remedy)}${times === '' ? '' : `; ${times}`}.`, paper, 4).map((line) =>
      paper.chalk.dim(line),
    ),
    ...(phase === 'Proposed' ? [command(remedyCommand(whisper, 'approve'), paper)] : []),
  ];
}

/** What was done about a whisper, whether it helped, and what is left to do. */
export function remedyStory(whisper: KernelWhisper, paper: Paper): readonly string[] {
  const { spec, status } = whisper;
  const remedy = status?.remedy ?? null;
  // There is no limit that a network would be freed by.
  if (remedy === null)
    return spec.kind === 'network_issue' ? [] : headed('What was done:', 'nothing.', paper);
  return [
    ...doneLines(whisper, remedy, paper),
    '',
    ...helpLines(whisper, remedy, paper),
    ...lastingLines(whisper, remedy, paper),
  ];
}
