import { readFileSync, realpathSync } from 'node:fs';
import { run } from '../command.ts';
import type { CpioEntry } from './cpio.ts';

/** A program at its place in the guest, with the shared libraries that it asks for, at theirs. */
export async function programEntries(source: string, path: string): Promise<readonly CpioEntry[]> {
  const program = fileEntry(realpathSync(source), path);
  const libraries = librariesIn((await run('ldd', [realpathSync(source)])).stdout);
  return [program, ...libraries.map((library) => fileEntry(library, library.slice(1)))];
}

/** The paths in what ldd(1) says; of a static program it says none. */
export function librariesIn(lddOutput: string): readonly string[] {
  return [...lddOutput.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}

const fileEntry = (source: string, path: string): CpioEntry => ({
  type: 'file',
  path,
  content: readFileSync(source),
  mode: 0o755,
});
