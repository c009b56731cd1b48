import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program that traces, or why there is none. */
export type FoundHelper =
  { readonly path: string } | { readonly path: null; readonly phase: 'off' | 'absent'; readonly why: string };

/** Where this package brings it along, for Linux only: it is made of eBPF. */
const ownPath = (arch: string): string =>
  fileURLToPath(new URL(`../../bpf/build/kgtrace-${arch}`, import.meta.url));

/**
 * Finds the tracer: where the setting says, else where this package has it; `off` is none. Whether it is permitted to do
 * its work is its own to say.
 */
export function findHelper(setting: string | null, arch: string = process.arch): FoundHelper {
  if (setting === 'off') return { path: null, phase: 'off', why: 'it was switched off' };
  const path = setting ?? ownPath(arch);
  try {
    accessSync(path, constants.X_OK);
    return { path };
  } catch {
    return { path: null, phase: 'absent', why: `there is no program at ${path}` };
  }
}
