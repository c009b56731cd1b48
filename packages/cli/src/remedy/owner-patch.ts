import { isDeepStrictEqual } from 'node:util';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { ContainerResources } from 'kernel-gossip-types';
import { parseJson } from '../target/decode-answer.ts';

/** The kinds whose template `persist` changes; for others it prints what to change. */
export const PATCHABLE_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;
export type PatchableKind = (typeof PATCHABLE_KINDS)[number];

export const patchableKind = (kind: string): PatchableKind | null =>
  PATCHABLE_KINDS.find((known) => known === kind) ?? null;

const quantity = t.union([t.string, t.null]);
const Quantities = t.exact(t.partial({ cpu: quantity, memory: quantity }));
const Containers = t.array(
  t.strict({ name: t.string, resources: t.exact(t.partial({ limits: Quantities, requests: Quantities })) }),
);

/** A patch that sets limits and requests of containers in a template, and nothing else. */
export const OwnerPatch = t.strict({
  spec: t.strict({
    template: t.strict({
      spec: t.exact(t.partial({ containers: Containers, initContainers: Containers })),
    }),
  }),
});
export type OwnerPatch = t.TypeOf<typeof OwnerPatch>;

/**
 * The patch as it stands on a whisper; null where it would change anything but limits and requests. Whoever may write a
 * whisper's status must not get what only the person who persists it may do, such as choosing an image.
 */
export function readOwnerPatch(text: string): OwnerPatch | null {
  const given = parseJson(text);
  const decoded = OwnerPatch.decode(given);
  // `strict` leaves out what it does not know instead of refusing it.
  return isRight(decoded) && isDeepStrictEqual(decoded.right, given) ? decoded.right : null;
}

/** The containers that a patch names, with what it sets for them. */
export function patchedContainers(patch: OwnerPatch): ReadonlyMap<string, ContainerResources> {
  const { containers = [], initContainers = [] } = patch.spec.template.spec;
  return new Map(
    [...initContainers, ...containers].map(({ name, resources: { limits, requests } }) => [
      name,
      {
        cpu_limit: limits?.cpu ?? null,
        cpu_request: requests?.cpu ?? null,
        memory_limit: limits?.memory ?? null,
        memory_request: requests?.memory ?? null,
      },
    ]),
  );
}
