import { RESOURCE_FIELDS, type ContainerResources, type ResourceField } from '../resource/index.ts';
import { visible } from './visible.ts';

/** Each limit and request of a container, as it is called. */
export const RESOURCE_WORDS: Readonly<Record<ResourceField, string>> = {
  cpu_limit: 'CPU limit',
  cpu_request: 'CPU request',
  memory_limit: 'memory limit',
  memory_request: 'memory request',
};

/** Like `CPU limit 200m → 300m`; what stays as it is, is left out. Null where everything does, or no change is stated. */
export function changeText(from: ContainerResources | null, to: ContainerResources | null): string | null {
  if (to === null) return null;
  const changes = RESOURCE_FIELDS.filter((field) => (from?.[field] ?? null) !== to[field]).map(
    (field) => `${RESOURCE_WORDS[field]} ${valueText(from, field)} → ${valueText(to, field)}`,
  );
  return changes.length === 0 ? null : changes.join(', ');
}

const valueText = (resources: ContainerResources | null, field: ResourceField): string =>
  visible(resources?.[field] ?? 'none');
