import { Argument, Option, type Command } from 'commander';
import { FINDING_KINDS, KernelGossipError, type KernelWhisper } from 'kernel-gossip-types';
import { remediesFor, type Remedied } from '../remedy/choose-remedy.ts';
import type { RemedyAccess } from '../target/remedy-access.ts';
import { textOption, withTarget, type CommandContext } from './context.ts';
import { podNameOf } from './pod-findings.ts';

/** A cluster, as far as its remedies go. */
export interface RemedyPlace {
  readonly remedies: RemedyAccess;
  /** The namespace that is meant. */
  readonly namespace: string;
  /** The whispers of a namespace; null: of all. */
  readonly whispers: (namespace: string | null) => Promise<readonly KernelWhisper[]>;
}

/** Works on the remedies of a cluster; `KG_USAGE` where the target is none. */
export const withRemedies = (
  context: CommandContext,
  command: Command,
  work: (place: RemedyPlace) => Promise<void>,
): Promise<void> =>
  withTarget(context, command, async (target, { namespace }) => {
    const { remedies, defaultNamespace, description } = target;
    if (remedies === null || defaultNamespace === null) {
      throw new KernelGossipError(
        'KG_USAGE',
        `There are no remedies here: they change pods of a cluster, with your own rights there, and this is an ${description}. Name a cluster with --context or --kubeconfig.`,
      );
    }
    await work({
      remedies,
      namespace: namespace ?? defaultNamespace,
      whispers: async (of) => (await target.list('KernelWhisper', of)).items,
    });
  });

/** Adds what says whose remedy is meant. */
export const aboutPod = (command: Command): Command =>
  command
    .addArgument(new Argument('<pod>', 'name of the pod, also as pod/NAME'))
    .option('-c, --container <name>', 'the container, where several have a remedy')
    .addOption(
      new Option('--kind <kind>', 'the kind of trouble, where several have a remedy').choices(FINDING_KINDS),
    );

/** The remedies of the pod that was named. */
export async function remediesAsked(
  { namespace, whispers }: RemedyPlace,
  pod: string,
  command: Command,
): Promise<readonly Remedied[]> {
  const given = command.opts<Readonly<Record<string, unknown>>>();
  return remediesFor(await whispers(namespace), {
    pod: podNameOf(pod),
    namespace,
    container: textOption(given, 'container'),
    kind: FINDING_KINDS.find((kind) => kind === given.kind) ?? null,
  });
}
