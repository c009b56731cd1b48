import {
  RESOURCE_FIELDS,
  REMEDY_PHASE_WORDS,
  type ContainerResources,
  type KernelWhisper,
  type Remedy,
  type RemedyOwner,
} from 'kernel-gossip-types';
import { changeText } from '../render/remedy-words.ts';
import type { OwnerRef, TemplateResources } from '../target/remedy-access.ts';
import {
  PATCHABLE_KINDS,
  patchableKind,
  patchedContainers,
  readOwnerPatch,
  type OwnerPatch,
} from './owner-patch.ts';

/** What `persist` sends, and to whom. */
export interface Persisting {
  readonly owner: OwnerRef;
  readonly patch: OwnerPatch;
}

/** What is to be sent to the owner; as text, why that is not done from here whoever asks. */
export function persistingOf(
  { spec }: KernelWhisper,
  { kind, name, patch }: RemedyOwner,
): Persisting | string {
  const known = patchableKind(kind);
  if (known === null)
    return `A ${kind} is changed by hand: from here only ${PATCHABLE_KINDS.join(', ')} are.`;
  const read = readOwnerPatch(patch);
  if (read === null)
    return 'The patch would change more than limits and requests, which is not done from here. Read it well before you use it.';
  return { owner: { kind: known, namespace: spec.namespace, name }, patch: read };
}

/** What speaks against making it last now, unless the person knows better; null where nothing does. */
export function whyNotPersist(
  { phase }: Remedy,
  { kind, name, managed_by: manager }: RemedyOwner,
): string | null {
  if (manager !== null)
    return `${manager} keeps ${kind} ${name} in line with a repository and would put the old limits back: change it there.`;
  return phase === 'Proven'
    ? null
    : `The remedy is ${phase}: ${REMEDY_PHASE_WORDS[phase]}. That it helps is not proven.`;
}

/**
 * What the template has by now where it is neither what the remedy began with nor what it is to become: somebody else
 * has changed it since. Null where nobody has.
 */
export function whatChangedSince(
  template: TemplateResources,
  { patch }: Persisting,
  { container_name: container, original }: Remedy,
): string | null {
  const wanted = patchedContainers(patch);
  const missing = [...wanted.keys()].find((name) => !template.has(name));
  if (missing !== undefined) return `Its template has no container ${missing}.`;
  const has = template.get(container) ?? null;
  const to = wanted.get(container) ?? null;
  if (has === null || to === null || original === null) return null;
  const other = RESOURCE_FIELDS.find(
    (name) => has[name] !== null && to[name] !== null && ![to[name], original[name]].includes(has[name]),
  );
  return other === undefined
    ? null
    : `Its template was changed meanwhile: ${other.replace('_', ' ')} ${has[other] ?? ''} instead of ${original[other] ?? 'none'}.`;
}

/** What changed in a template, a line for each container; none where all was so before. */
export function templateChanges(before: TemplateResources, after: TemplateResources): readonly string[] {
  return [...after].flatMap(([name, now]) => {
    const was: ContainerResources | null = before.get(name) ?? null;
    const text = changeText(was, now);
    return text === 'nothing' ? [] : [`container ${name}: ${text}`];
  });
}
