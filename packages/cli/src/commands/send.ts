import { Command, Option } from 'commander';
import { messageOf, visible, type FindingObservation } from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { numberFrom, wholeNumberFrom } from '../options.ts';
import { birthLine } from '../render/explain.ts';
import { containerOf, phaseOf } from '../render/words.ts';
import { whileWaiting } from '../terminal/while-waiting.ts';
import { awaitFinding, type FiledFinding } from '../send/await-finding.ts';
import { flagForPath, flagsOf, observationFrom, type FieldFlag } from '../send/fields.ts';
import { sendLoad, type LoadResult } from '../send/load.ts';
import type { Target } from '../target/target.ts';
import { withTarget, type CommandContext } from './context.ts';

interface SendCommand {
  readonly name: string;
  readonly type: FindingObservation['type'];
  readonly description: string;
  readonly example: string;
}

export const SEND_COMMANDS: readonly SendCommand[] = [
  {
    name: 'send-throttle',
    type: 'cpu_throttle',
    description: 'Send a CPU throttling observation, marked synthetic.',
    example:
      'kgossip send-throttle --pod web-1 -n shop --container app --throttled 85.5 --actual-cpu 0.98 --reported-cpu 0.35 --period 60',
  },
  {
    name: 'send-birth',
    type: 'pod_creation',
    description: "Send a pod's birth, marked synthetic.",
    example:
      'kgossip send-birth --pod web-1 -n shop --total-syscalls 847 --duration 2500 --timeline "0~1000 scheduler assign the pod" --timeline "300+900 runtime create the sandbox"',
  },
  {
    name: 'send-memory',
    type: 'memory_pressure',
    description: 'Send a memory pressure observation, marked synthetic.',
    example:
      'kgossip send-memory --pod web-1 -n shop --container app --usage 93 --limit-bytes 536870912 --oom-kills 1',
  },
  {
    name: 'send-network',
    type: 'network_issue',
    description: 'Send a network observation, marked synthetic.',
    example:
      'kgossip send-network --pod web-1 -n shop --symptom retransmits --failed-percent 12.5 --failed 25 --attempted 200',
  },
];

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

const VALUE_NAMES: Readonly<Record<FieldFlag['takes'], string>> = {
  nothing: '',
  number: ' <number>',
  text: ' <text>',
  texts: ' <names>',
  timeline: ' <step>',
};

function optionOf({ flag, takes, description, needed }: FieldFlag): Option {
  const step =
    takes === 'timeline'
      ? ' BEGIN[+LENGTH][~RESOLUTION] ACTOR ACTION, in milliseconds; may be repeated.'
      : '';
  const option = new Option(
    `--${flag}${VALUE_NAMES[takes]}`,
    `${description}${step}${needed ? ' Needed.' : ''}`,
  );
  return takes === 'texts' || takes === 'timeline' ? option.argParser(collect) : option;
}

interface Template {
  readonly observation: FindingObservation;
  /** The pod's name as it was given, with `{i}` where the number goes; null where it has none. */
  readonly numberedPod: string | null;
  readonly keepsTime: boolean;
}

/** What is sent for the nth time: with its own time, and with its number where the pod's name asks for it. */
const nth = (
  { observation, numberedPod, keepsTime }: Template,
  index: number,
  now: number,
): FindingObservation => ({
  ...observation,
  ...(keepsTime ? {} : { timestamp: new Date(now).toISOString() }),
  ...(numberedPod === null ? {} : { pod_name: numberedPod.replaceAll('{i}', String(index)) }),
});

function template(
  type: FindingObservation['type'],
  given: Readonly<Record<string, unknown>>,
  now: number,
): Template {
  const { pod } = given;
  const numberedPod = typeof pod === 'string' && pod.includes('{i}') ? pod : null;
  const checked = numberedPod === null ? given : { ...given, pod: numberedPod.replaceAll('{i}', '0') };
  return {
    observation: observationFrom(type, checked, now),
    numberedPod,
    keepsTime: given.timestamp !== undefined,
  };
}

function filedLine(finding: FiledFinding): string {
  const { namespace, pod_name: pod } = finding.object.spec;
  const about = `${visible(namespace)}/${visible(pod)}`;
  if (finding.kind === 'PodBirthCertificate') return `${about}: ${birthLine(finding.object)}`;
  const { spec, status } = finding.object;
  const container = spec.container_name === null ? '' : ` ${containerOf(finding.object)}`;
  const merged = finding.merged ? ' [part of the standing finding]' : '';
  return `${about}${container}: ${spec.severity}, ${phaseOf(finding.object)}: ${visible(status?.insight ?? '')} (${spec.provenance})${merged}`;
}

function reportRejections(
  context: CommandContext,
  type: FindingObservation['type'],
  result: LoadResult,
): void {
  const { io } = context;
  for (const { index, path, expected, got } of result.rejections) {
    const which = result.sent === 1 ? '' : `observation ${index}: `;
    io.note(
      `${which}${path === '' ? 'observation' : flagForPath(type, path)}: expected ${expected}, got ${got}`,
    );
  }
  if (result.error !== null) io.note(result.error);
}

function summary({ accepted, rejectedCount, elapsedMs, waits }: LoadResult): string {
  const seconds = elapsedMs / 1000;
  const rate = seconds > 0 ? `, ${Math.round((accepted + rejectedCount) / seconds)}/s` : '';
  const waited = waits === 0 ? '' : `, found the intake full ${waits} ${waits === 1 ? 'time' : 'times'}`;
  return `accepted ${accepted}, rejected ${rejectedCount}, in ${seconds.toFixed(2)} s${rate}${waited}`;
}

interface SendOptions {
  readonly count: number;
  readonly rate: number | null;
  readonly wait: boolean;
  readonly waitMs: number;
}

const sendOptions = (given: Readonly<Record<string, unknown>>): SendOptions => ({
  count: Number(given.count),
  rate: typeof given.rate === 'number' ? given.rate : null,
  wait: given.wait !== false,
  waitMs: Number(given.waitSeconds) * 1000,
});

async function reportFinding(
  { io }: CommandContext,
  target: Target,
  sent: FindingObservation,
  waitMs: number,
): Promise<void> {
  try {
    const finding = await whileWaiting(io, 'waiting for what is made of it', () =>
      awaitFinding(target, sent, waitMs, io.signal),
    );
    if (finding !== null) io.out(`${filedLine(finding)}\n`);
    else io.note(`Accepted, but not assessed within ${waitMs / 1000} s: see \`kgossip doctor\`.`);
  } catch (error) {
    // It was accepted, which is what was asked for: who may send need not be one who may read.
    io.note(`Accepted; what was made of it cannot be read: ${messageOf(error)}`);
  }
}

async function send(
  context: CommandContext,
  command: Command,
  type: FindingObservation['type'],
): Promise<void> {
  const { io, exitWith } = context;
  const given = command.optsWithGlobals<Readonly<Record<string, unknown>>>();
  const options = sendOptions(given);
  await withTarget(context, command, async (target) => {
    const namespace = given.namespace ?? target.defaultNamespace ?? undefined;
    const what = template(type, { ...given, namespace }, io.now());
    const started = io.now();
    const result = await sendLoad(
      (index) => nth(what, index, io.now()),
      (batch) => target.send(batch),
      { count: options.count, rate: options.rate, signal: io.signal },
    );
    reportRejections(context, type, result);
    if (options.count > 1) io.out(`${summary(result)}\n`);
    if (result.accepted < options.count) exitWith(EXIT.usage);
    if (result.accepted === 0) return;
    if (!options.wait) {
      if (options.count === 1) io.out('accepted\n');
      return;
    }
    await reportFinding(context, target, nth(what, result.sent - 1, started), options.waitMs);
  });
}

/** The four commands that send an observation by hand. */
export const sendCommands = (context: CommandContext): readonly Command[] =>
  SEND_COMMANDS.map(({ name, type, description, example }) => {
    const command = new Command(name)
      .description(description)
      .option('--count <number>', 'send so many of them', wholeNumberFrom(1, 100_000_000), 1)
      .option('--rate <number>', 'at most so many a second', numberFrom(0.01, 1_000_000))
      .option('--wait-seconds <number>', 'wait so long for the assessment', numberFrom(0, 600), 5)
      .option('--no-wait', 'do not wait for the assessment')
      .addHelpText(
        'after',
        `\nEverything sent is marked synthetic in the store. {i} in --pod becomes the number of the observation.\n\nExamples:\n  ${example}\n  ${example.replace('web-1', "'load-{i}'")} --count 10000 --rate 500`,
      );
    for (const flag of flagsOf(type)) if (flag.flag !== 'namespace') command.addOption(optionOf(flag));
    return command.action(() => send(context, command, type));
  });
