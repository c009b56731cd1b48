import { createHash } from 'node:crypto';
import type { Identity } from './identify.ts';

/** What stands for a pod on a machine without Kubernetes. */
export interface LocalName {
  /** Who made the group: `kubernetes`, `systemd`, `docker`, `podman`, `containerd` or `cgroup`. */
  readonly namespace: string;
  /** A DNS name of at most 253 characters, always the same for the same path. */
  readonly podName: string;
  /** A DNS label that tells a pod's containers apart; null where the pod's name does, or where the pod itself is meant. */
  readonly containerName: string | null;
}

const LONGEST_NAME = 253;
const HASH_DIGITS = 8;
const SHORT_ID = 12;

const hashOf = (path: string): string =>
  createHash('sha256').update(path).digest('hex').slice(0, HASH_DIGITS);

/** Lower case letters, digits, dashes and single dots between them. */
const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .split('.')
    .map((part) => part.replaceAll(/^-+|-+$/g, ''))
    .filter((part) => part !== '')
    .join('.');

/** Slugs a name; where that or the name itself leaves out something of the path, a hash of the path tells it from others. */
function nameFor(name: string, path: string, isWhole: boolean): string {
  const plain = slug(name);
  if (isWhole && plain === name && plain.length <= LONGEST_NAME) return plain;
  const head = plain.slice(0, LONGEST_NAME - HASH_DIGITS - 1).replace(/[-.]+$/, '');
  return head === '' ? hashOf(path) : `${head}-${hashOf(path)}`;
}

/** systemd's own units are unique by name; those of its per-user and nested instances are not. */
const isSystemUnit = (components: readonly string[]): boolean =>
  components.slice(0, -1).every((component) => component.endsWith('.slice'));

/** Kubernetes' own names are nowhere in a cgroup's path, but its UIDs are, and they name no other pod. */
const podsName = (podUid: string, containerId: string | null): LocalName => ({
  namespace: 'kubernetes',
  podName: `pod-${podUid}`,
  containerName: containerId === null ? null : `c-${containerId.slice(0, SHORT_ID)}`,
});

/** A name for a group without Kubernetes to ask. The path is the one that the identity was taken from. */
export function localName(identity: Identity, path: string): LocalName {
  if (identity.podUid !== null) return podsName(identity.podUid, identity.containerId);
  return { ...groupName(identity, path), containerName: null };
}

function groupName(identity: Identity, path: string): Omit<LocalName, 'containerName'> {
  const components = path.split('/').filter((component) => component !== '');
  const last = components.at(-1) ?? '';
  const namespace = identity.manager === 'kubernetes' ? 'cgroup' : identity.manager;
  if (identity.containerId !== null) {
    const name = `${namespace === 'cgroup' ? 'container' : namespace}-${identity.containerId.slice(0, SHORT_ID)}`;
    return { namespace, podName: nameFor(name, path, identity.level === 'container') };
  }
  if (identity.unit !== null)
    return { namespace, podName: nameFor(identity.unit, path, isSystemUnit(components)) };
  return { namespace, podName: nameFor(last, path, components.length === 1) };
}
