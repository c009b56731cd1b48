import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the kubelet sets for the whole machine (setupKernelTunables in pkg/kubelet/cm/container_manager_linux.go);
 * put back afterwards.
 */
const CHANGED_BY_KUBELET = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
] as const;

export type KernelSettings = Readonly<Record<string, string>>;

export function readKernelSettings(): KernelSettings {
  return Object.fromEntries(CHANGED_BY_KUBELET.map((name) => [name, readSetting(name)]));
}

export function restoreKernelSettings(settings: KernelSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (readSetting(name) !== value) writeFileSync(join('/proc/sys', name), value);
  }
}

function readSetting(name: string): string {
  return readFileSync(join('/proc/sys', name), 'utf8').trim();
}
