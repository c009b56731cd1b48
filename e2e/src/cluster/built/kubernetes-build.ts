import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { builtOnce } from './go-build.ts';

export { cacheDirectory } from './go-build.ts';

const SOURCE_DIRECTORY = join(import.meta.dirname, '../../../kubernetes');
const COMMANDS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kubectl',
] as const;

/** The directory with the Kubernetes commands, built first when this version of the sources never was. */
export function kubernetesBinaries(): Promise<string> {
  const version = kubernetesVersionIn(readFileSync(join(SOURCE_DIRECTORY, 'go.mod'), 'utf8'));
  return builtOnce({
    title: `Kubernetes ${version}`,
    name: 'kubernetes',
    sourceDirectory: SOURCE_DIRECTORY,
    sources: ['main.go', 'go.mod', 'go.sum'],
    target: '.',
    linkerFlags: linkerFlags(version),
    complete: (directory) => {
      for (const command of COMMANDS) symlinkSync('kubernetes', join(directory, command));
    },
  });
}

export function kubernetesVersionIn(goMod: string): string {
  const version = /^\s*(?:require )?k8s\.io\/kubernetes (v\S+)/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('go.mod does not require k8s.io/kubernetes');
  return version;
}

/** Without the stamp the server calls itself v0.0.0-master, and clients that look at the version misbehave. */
export function linkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const stamp = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return ['-s -w', stamp('gitVersion', version), stamp('gitMajor', major), stamp('gitMinor', minor)].join(
    ' ',
  );
}
