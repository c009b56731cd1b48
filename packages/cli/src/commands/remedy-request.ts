import { Command, Option } from 'commander';
import {
  KernelGossipError,
  remedyRequest,
  visible,
  REMEDY_PHASE_WORDS,
  type Remedy,
  type RemedyVerb,
} from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { targetOptions } from '../options.ts';
import { whileWaiting } from '../terminal/while-waiting.ts';
import { awaitAnswer } from '../remedy/await-answer.ts';
import { theRemedy, type Remedied } from '../remedy/choose-remedy.ts';
import { fits, whyNot, type Outcome } from '../remedy/request.ts';
import { changeText, resourcesText } from '../render/remedy-words.ts';
import type { CommandContext } from './context.ts';
import { aboutPod, remediesAsked, withRemedies, type RemedyPlace } from './with-remedies.ts';

/** As long as `kubectl wait` and its like are usually given. */
const DEFAULT_WAIT_MS = 60_000;

const DONE: Readonly<Record<RemedyVerb, string>> = { approve: 'approved', undo: 'granted' };

const subjectOf = ({ whisper: { spec }, remedy }: Remedied): string =>
  `${visible(spec.namespace)}/${visible(spec.pod_name)} ${visible(remedy.container_name)}`;

/** What is asked for, in figures. */
const whatIsAsked = (verb: RemedyVerb, { from, to, original }: Remedy): string =>
  verb === 'approve'
    ? changeText(from, to)
    : `back to ${original === null ? 'what it began with' : resourcesText(original)}`;

const standing = ({ phase, message }: Remedy): string =>
  `${phase}: ${REMEDY_PHASE_WORDS[phase]}. ${visible(message)}`;

interface Answer {
  /** Whether what was asked for is done, or under way. */
  readonly granted: boolean;
  readonly text: string;
}

function answerOf(verb: RemedyVerb, one: Remedied, outcome: Outcome, waitedMs: number): Answer {
  const subject = subjectOf(one);
  const { pod_name: pod, namespace } = one.whisper.spec;
  switch (outcome.type) {
    case 'done':
      return {
        granted: true,
        text: `${subject}: ${DONE[verb]}: ${whatIsAsked(verb, one.remedy)}. ${standing(outcome.remedy)}`,
      };
    case 'refused':
      return { granted: false, text: `${subject}: not ${DONE[verb]}. ${standing(outcome.remedy)}` };
    case 'superseded':
      return {
        granted: false,
        text: `${subject}: not ${DONE[verb]}: there is another proposal by now. Look at it with \`kgossip remedy show ${pod} -n ${namespace}\`, and ask again.`,
      };
    case 'gone':
      return {
        granted: false,
        text: `${subject}: not ${DONE[verb]}: the remedy is gone, and nothing is proposed any more.`,
      };
    case 'unanswered':
      return {
        granted: false,
        text: `${subject}: asked for, but not answered within ${waitedMs / 1000} s. The request stays on the whisper, and the operator answers it when it can. Does it run? See \`kgossip doctor\` and \`kgossip remedy show ${pod} -n ${namespace}\`.`,
      };
  }
}

/** `--timeout` says how long to wait for the operator too; without it that is longer than for the API server. */
const waitMsOf = (command: Command): number =>
  command.getOptionValueSourceWithGlobals('timeout') === 'cli'
    ? targetOptions(command).timeoutMs
    : DEFAULT_WAIT_MS;

const isToWait = (command: Command): boolean => {
  const { wait } = command.opts<Readonly<Record<string, unknown>>>();
  return wait !== false && wait !== 'false';
};

async function ask(
  { io, exitWith }: CommandContext,
  { remedies }: RemedyPlace,
  one: Remedied,
  how: { readonly verb: RemedyVerb; readonly command: Command },
): Promise<void> {
  const { verb, command } = how;
  const { whisper, remedy } = one;
  const why = whyNot(verb, remedy);
  const id = remedy.proposal_id;
  if (why !== null || id === null)
    throw new KernelGossipError('KG_REFUSED', `${subjectOf(one)}: not ${DONE[verb]}. ${why ?? ''}`);
  const ref = { namespace: whisper.metadata.namespace, name: whisper.metadata.name };
  await remedies.request(ref, remedyRequest(verb, id));
  if (!isToWait(command)) {
    io.out(`${subjectOf(one)}: asked for: ${whatIsAsked(verb, remedy)}\n`);
    return;
  }
  const waitMs = waitMsOf(command);
  const outcome = await whileWaiting(io, "waiting for the operator's answer", () =>
    awaitAnswer(remedies, { verb, ref, remedy }, waitMs, io.signal),
  );
  const { granted, text } = answerOf(verb, one, outcome, waitMs);
  if (granted) io.out(`${text}\n`);
  else {
    io.note(text);
    exitWith(EXIT.findings);
  }
}

const requestCommand = (context: CommandContext, verb: RemedyVerb): Command =>
  aboutPod(new Command(verb))
    .addOption(
      new Option('--wait [yes]', 'wait for the answer of the operator')
        .choices(['true', 'false'])
        .default('true'),
    )
    .option('--no-wait', 'do not wait for it')
    .action(async (pod: string, _given: unknown, command: Command) => {
      await withRemedies(context, command, async (place) => {
        const found = await remediesAsked(place, pod, command);
        const one = theRemedy(found, (remedy) => fits(verb, remedy));
        await ask(context, place, one, { verb, command });
      });
    });

const HELP = `
Asks the operator by an annotation on the whisper, with your own rights (patch on kernelwhispers), and waits up to 60 s,
or --timeout, for its answer. Exits 1 when that is no, or does not come.
`;

/** `kgossip remedy approve <pod>`. */
export const approveCommand = (context: CommandContext): Command =>
  requestCommand(context, 'approve')
    .description('Approve what is only proposed, exactly as `remedy show` shows it.')
    .addHelpText('after', `${HELP}\nExamples:\n  kgossip remedy approve web-1 -n shop --timeout 120`);

/** `kgossip remedy undo <pod>`. */
export const undoCommand = (context: CommandContext): Command =>
  requestCommand(context, 'undo')
    .description('Have the operator put the limits back that were there before the first step.')
    .addHelpText('after', `${HELP}\nExamples:\n  kgossip remedy undo web-1 -n shop`);
