import { visible, type KernelWhisper, type Remedy, type RemedyOwner } from 'kernel-gossip-types';
import { parseJson } from '../target/decode-answer.ts';
import { toYaml } from '../terminal/serialise.ts';
import { patchableKind } from './owner-patch.ts';

/** One word of a shell, whatever is in it. */
const quoted = (text: string): string => `'${visible(text).replaceAll("'", `'\\''`)}'`;

/** What the operator sends, as one would send it by hand; null where nothing is to be sent. */
export const resizeCommand = ({ spec }: KernelWhisper, { patch }: Remedy): string | null =>
  patch === null
    ? null
    : `kubectl patch pod ${spec.pod_name} -n ${spec.namespace} --subresource resize --type strategic -p ${quoted(patch)}`;

/** The owner's patch as a command. */
export const ownerCommand = (namespace: string, { kind, name, patch }: RemedyOwner): string =>
  `kubectl patch ${visible(kind).toLowerCase()} ${name} -n ${namespace} --type strategic -p ${quoted(patch)}`;

/** The owner's patch as the part of a manifest that has to be changed in a repository. */
export function ownerManifest(namespace: string, { kind, name, patch }: RemedyOwner): string {
  const body = parseJson(patch);
  if (typeof body !== 'object' || body === null) return `${visible(patch)}\n`;
  // Of other kinds the whisper does not say the group.
  const group = patchableKind(kind) === null ? {} : { apiVersion: 'apps/v1' };
  return toYaml({ ...group, kind, metadata: { name, namespace }, ...body });
}
