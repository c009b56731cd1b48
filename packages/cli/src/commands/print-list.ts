import type { KernelWhisperList, PodBirthCertificateList } from 'kernel-gossip-types';
import { KINDS } from 'kernel-gossip-types';
import { toJson, toYaml } from '../terminal/serialise.ts';
import { resourceName } from './context.ts';

/** A list for machines: the list object itself, as kubectl prints it, or one name a line. */
export function printList(
  list: KernelWhisperList | PodBirthCertificateList,
  format: 'json' | 'yaml' | 'name',
): string {
  if (format === 'json') return `${toJson(list)}\n`;
  if (format === 'yaml') return toYaml(list);
  return list.items
    .map(({ kind, metadata }) => `${resourceName(KINDS[kind].singular, metadata.name)}\n`)
    .join('');
}
