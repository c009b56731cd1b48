import type { Identity } from './identify.ts';
import { localName } from './local-name.ts';

/** Whom an observation is about, in the words of the wire. */
export interface Subject {
  readonly pod_uid?: string;
  readonly container_id?: string;
  readonly namespace?: string;
  readonly pod_name?: string;
  readonly container_name?: string;
}

/**
 * Whom a group at `path` is about. In a cluster that is what the operator can look up; with `localNames` nobody can, and
 * what the path says is put into names, beside the UID and the id that it was made of.
 */
export function subjectOf(identity: Identity, path: string, localNames: boolean): Subject {
  const { podUid, containerId } = identity;
  const ids = {
    ...(podUid === null ? {} : { pod_uid: podUid }),
    ...(containerId === null ? {} : { container_id: containerId }),
  };
  if (!localNames) return ids;
  const { namespace, podName, containerName } = localName(identity, path);
  return {
    ...ids,
    namespace,
    pod_name: podName,
    ...(containerName === null ? {} : { container_name: containerName }),
  };
}
