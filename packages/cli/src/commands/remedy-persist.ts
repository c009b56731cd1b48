import { Command, Option } from 'commander';
import { KernelGossipError, visible, type RemedyOwner } from 'kernel-gossip-types';
import { EXIT } from '../exit-codes.ts';
import { ownerManifest } from '../remedy/by-hand.ts';
import { theRemedy, type Remedied } from '../remedy/choose-remedy.ts';
import { persistingOf, templateChanges, whatChangedSince, whyNotPersist } from '../remedy/persisting.ts';
import { ownerText } from '../render/remedy-sheet.ts';
import type { RemedyAccess } from '../target/remedy-access.ts';
import type { CommandContext } from './context.ts';
import { aboutPod, remediesAsked, withRemedies } from './with-remedies.ts';

function ownerOf({ whisper: { spec }, remedy }: Remedied): RemedyOwner {
  if (remedy.owner !== null) return remedy.owner;
  throw new KernelGossipError(
    'KG_NOT_FOUND',
    `No owner of the pod ${spec.namespace}/${spec.pod_name} is stated, so there is no template to change: change it where the pod is made.`,
  );
}

/** Applies the owner's patch and says what changed; returns why not where it did not. */
async function apply(
  { io }: CommandContext,
  remedies: RemedyAccess,
  one: Remedied,
  force: boolean,
): Promise<string | null> {
  const owner = ownerOf(one);
  const persisting = persistingOf(one.whisper, owner);
  if (typeof persisting === 'string') return persisting;
  const forced = ' --force applies it nevertheless.';
  const why = force ? null : whyNotPersist(one.remedy, owner);
  if (why !== null) return why + forced;
  const before = await remedies.template(persisting.owner);
  const changed = force ? null : whatChangedSince(before, persisting, one.remedy);
  if (changed !== null) return changed + forced;
  const after = await remedies.patchTemplate(persisting.owner, persisting.patch);
  const changes = templateChanges(before, after);
  const name = `${persisting.owner.kind.toLowerCase()}.apps/${owner.name}`;
  if (changes.length === 0) io.out(`${visible(name)}: nothing to change, it has these limits already\n`);
  else {
    io.out(`${changes.map((change) => `${visible(name)}: ${visible(change)}`).join('\n')}\n`);
    io.note(
      '# A changed template replaces the pods made from it, according to the update strategy of the workload.',
    );
  }
  return null;
}

/** `kgossip remedy persist <pod>`. */
export const persistCommand = (context: CommandContext): Command =>
  aboutPod(new Command('persist'))
    .description("Make a proven remedy last: change the template of the pod's owner, or print how.")
    .option('--print', 'print the change as a command and as YAML, and apply nothing')
    .option(
      '--force',
      'apply it although a repository keeps the owner in line, it is not proven, or the template has changed',
    )
    .addOption(
      new Option('-o, --output <format>', 'print it, and apply nothing: yaml for a repository').choices([
        'yaml',
      ]),
    )
    .addHelpText(
      'after',
      `
Needs your right to get and patch the owner: a Deployment, a StatefulSet or a DaemonSet; for other kinds it only prints. A
changed template replaces the pods made from it. Exits 1 when it was asked to apply and did not.

Examples:
  kgossip remedy persist web-1 -n shop
  kgossip remedy persist web-1 -n shop -o yaml > web-limits.yaml`,
    )
    .action(async (pod: string, given: Readonly<Record<string, unknown>>, command: Command) => {
      await withRemedies(context, command, async (place) => {
        const { io, exitWith } = context;
        const found = await remediesAsked(place, pod, command);
        const one = theRemedy(found, ({ phase }) => phase === 'Proven');
        const owner = ownerOf(one);
        const { namespace } = one.whisper.spec;
        if (given.output === 'yaml') io.out(ownerManifest(namespace, owner));
        else if (given.print === true) io.out(ownerText(namespace, owner));
        else {
          const why = await apply(context, place.remedies, one, given.force === true);
          if (why === null) return;
          io.out(ownerText(namespace, owner));
          io.note(`Not applied: ${why}`);
          exitWith(EXIT.findings);
        }
      });
    });
