import { isLeft } from 'fp-ts/lib/Either.js';
import { decode, KernelWhisper, PodBirthCertificate } from 'kernel-gossip-types';

type Shown = KernelWhisper | PodBirthCertificate;

/** A change of an object that the page shows. What cannot be read is known by its name all the same. */
export type ShownChange =
  | { readonly what: 'now'; readonly object: Shown }
  | { readonly what: 'gone' | 'unreadable'; readonly kind: Shown['kind']; readonly key: string };

/** What the data of a `change` event says; null where it is about what is not shown. */
export function changeOf(data: string): ShownChange | null {
  const change = parsed(data);
  const object = field(change, 'object');
  const kind = field(object, 'kind');
  const key = keyIn(object);
  if ((kind !== 'KernelWhisper' && kind !== 'PodBirthCertificate') || key === null) return null;
  if (field(change, 'type') === 'DELETED') return { what: 'gone', kind, key };
  const result = decode<Shown>(kind === 'KernelWhisper' ? KernelWhisper : PodBirthCertificate, object);
  return isLeft(result) ? { what: 'unreadable', kind, key } : { what: 'now', object: result.right };
}

/** `namespace/name` of an object, whatever else is in it; null where it says neither. */
export function keyIn(object: unknown): string | null {
  const metadata = field(object, 'metadata');
  const namespace = field(metadata, 'namespace');
  const name = field(metadata, 'name');
  return typeof namespace === 'string' && typeof name === 'string' ? `${namespace}/${name}` : null;
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
