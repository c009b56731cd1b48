import type { ContainerBirth, ContainerRole } from 'kernel-gossip-types';
import type { KubernetesPart } from './birth-parts.ts';
import { momentOf } from './moment.ts';

/** Births, oldest first. */
export const byBeginning = (births: readonly ContainerBirth[]): readonly ContainerBirth[] =>
  births.toSorted(
    (a, b) =>
      momentOf(a.began_at) - momentOf(b.began_at) ||
      (a.container_id ?? '').localeCompare(b.container_id ?? ''),
  );

/**
 * Births with the names and roles that Kubernetes gives to their ids. The sandbox stands in no status: it is what came
 * first. Once the first run of every container is known, any other id is none of them.
 */
export function withRoles(
  births: readonly ContainerBirth[],
  kubernetes: KubernetesPart | null,
): readonly ContainerBirth[] {
  const ordered = byBeginning(births);
  if (kubernetes?.expected == null) return ordered;
  const firsts = new Set(
    [...kubernetes.containers.values()].flatMap(({ name, role }) => (role === 'restart' ? [] : [name])),
  );
  const otherwise = kubernetes.expected.every((name) => firsts.has(name)) ? 'restart' : null;
  return ordered.map((birth, index) => {
    const named = birth.container_id === null ? undefined : kubernetes.containers.get(birth.container_id);
    // After a restart of ours, the first run of what crashed since looks like any other: who it was stands already.
    if (named !== undefined && !(named.role === 'restart' && isFirstRun(birth)))
      return { ...birth, container_name: named.name, role: named.role };
    const role: ContainerRole | null = birth.role ?? (index === 0 ? 'sandbox' : otherwise);
    return { ...birth, role };
  });
}

const isFirstRun = ({ role, container_name }: ContainerBirth): boolean =>
  role !== null && role !== 'restart' && container_name !== null;

/** Whether a container's birth is part of its pod's: neither a restart, nor put in later by hand. */
export const isPartOfBirth = ({ role }: ContainerBirth): boolean =>
  role !== 'restart' && role !== 'ephemeral';
