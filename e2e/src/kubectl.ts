import { join } from 'node:path';
import { run, type CommandResult } from './command.ts';

export interface KubectlTarget {
  readonly kubeconfigPath: string;
  /** Where the provider's own kubectl is; null takes the one on PATH. */
  readonly binDir: string | null;
}

export interface KubectlOptions {
  readonly input?: string;
}

export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<CommandResult>;

export const kubectlProgram = ({ binDir }: Pick<KubectlTarget, 'binDir'>): string =>
  binDir === null ? 'kubectl' : join(binDir, 'kubectl');

/** A kubectl bound to one cluster. HOME's kubeconfig and its caches are left alone. */
export function kubectlFor(target: KubectlTarget): Kubectl {
  const program = kubectlProgram(target);
  return (args, options = {}) =>
    run(
      program,
      ['--kubeconfig', target.kubeconfigPath, '--cache-dir', `${target.kubeconfigPath}.cache`, ...args],
      {
        ...options,
      },
    );
}

/** Applies manifests (YAML text, or objects, which are sent as a JSON List). */
export async function apply(kubectl: Kubectl, manifests: string | readonly object[]): Promise<void> {
  const input =
    typeof manifests === 'string'
      ? manifests
      : JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  const result = await kubectl(['apply', '-f', '-'], { input });
  if (result.code !== 0) throw new Error(`kubectl apply: ${result.stderr}`);
}
