import { watch } from 'node:fs';
import { codeOf } from '../sample/error-code.ts';

/** A directory that is being watched. */
export interface Watching {
  close(): void;
}

/** Hears of names that came or went; null where a name is not known. */
export type NameListener = (name: string | null) => void;

/**
 * Watches the names in a directory, by inotify. Cgroupfs tells of every group that a process makes or removes in it, but not of
 * the removal of the directory itself, nor of what is deeper. `absent`: there is no such directory. `refused`: there is
 * no watch left (`fs.inotify.max_user_watches`, `max_user_instances`), or this file system has none.
 */
export type WatchDirectory = (
  directory: string,
  heard: NameListener,
  lost: () => void,
) => Watching | 'absent' | 'refused';

export const watchDirectory: WatchDirectory = (directory, heard, lost) => {
  try {
    const watcher = watch(directory, { persistent: false, recursive: false }, (event, name) => {
      // `change` is a file's content, such as `cgroup.events`.
      if (event === 'rename') heard(name);
    });
    watcher.on('error', lost);
    return watcher;
  } catch (error) {
    return ['ENOENT', 'ENODEV', 'ENOTDIR'].includes(String(codeOf(error))) ? 'absent' : 'refused';
  }
};
