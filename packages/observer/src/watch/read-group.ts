import type { Clock } from '../clock.ts';
import type { Hierarchy } from '../hierarchy/hierarchy.ts';
import { CounterFiles } from '../sample/counter-files.ts';
import type { ContainerReading } from './reading.ts';
import type { Group } from '../discover/group.ts';
import { readVersionOne } from './version-one.ts';
import { readVersionTwo } from './version-two.ts';

/** Reads all that is counted about a group now; null where the group is gone. Files are opened, read and closed. */
export function readingOf(
  { path, identity }: Group,
  hierarchy: Hierarchy,
  buffer: Buffer,
  { wallMs }: Clock,
): ContainerReading | null {
  const files = new CounterFiles(buffer);
  const { level, manager, podUid, containerId } = identity;
  const readAtMs = wallMs();
  const read = hierarchy.version === 2 ? readVersionTwo : readVersionOne;
  const counters = read(files, hierarchy, path);
  return files.isAnyRead ? { path, level, manager, podUid, containerId, readAtMs, ...counters } : null;
}
