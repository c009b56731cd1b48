import { isLeft } from 'fp-ts/lib/Either.js';
import { decode, KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';

type Shown = KernelWhisper | PodBirthCertificate;

/** A change of an object that the page shows. */
export interface ShownChange {
  readonly gone: boolean;
  readonly object: Shown;
}

/** What the data of a `change` event says: null where it is about what is not shown, `unreadable` where nobody can tell. */
export function changeOf(data: string): ShownChange | 'unreadable' | null {
  const change = parsed(data);
  const object = field(change, 'object');
  const kind = field(object, 'kind');
  if (kind !== 'KernelWhisper' && kind !== 'PodBirthCertificate') return null;
  const result = decode<Shown>(kind === 'KernelWhisper' ? KernelWhisper : PodBirthCertificate, object);
  return isLeft(result) ? 'unreadable' : { gone: field(change, 'type') === 'DELETED', object: result.right };
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

const field = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? (Reflect.get(of, name) as unknown) : undefined;
