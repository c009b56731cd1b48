import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtOnce } from '../cluster/built/go-build.ts';
import { run, type CommandResult } from '../command.ts';
import { REPOSITORY } from '../install.ts';

export const CHART = join(REPOSITORY, 'k8s/chart');
export const RELEASE = 'kernel-gossip';

const SOURCE_DIRECTORY = join(import.meta.dirname, '../../kubernetes/helm');

export type Helm = (args: readonly string[], options?: { readonly input?: string }) => Promise<CommandResult>;

/** Helm for a cluster, or for what needs none. What the person who runs this has set up for a Helm of theirs is left alone. */
export async function helmFor(kubeconfigPath: string | null = null): Promise<Helm> {
  const program = join(await helmBinary(), 'helm');
  const home = join(tmpdir(), 'kernel-gossip-helm');
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfigPath ?? '/dev/null',
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  };
  return (args, options = {}) => run(program, args, { ...options, env });
}

/** The directory with the program, built first when it never was: its module's own main package. */
function helmBinary(): Promise<string> {
  const version = helmVersionIn(readFileSync(join(SOURCE_DIRECTORY, 'go.mod'), 'utf8'));
  return builtOnce({
    title: `Helm ${version}`,
    name: 'helm',
    sourceDirectory: SOURCE_DIRECTORY,
    sources: ['go.mod', 'go.sum'],
    target: 'helm.sh/helm/v4/cmd/helm',
    linkerFlags: `-s -w -X helm.sh/helm/v4/internal/version.version=${version}`,
  });
}

function helmVersionIn(goMod: string): string {
  const version = /^\s*helm\.sh\/helm\/v4 (v\S+)/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('go.mod does not require helm.sh/helm/v4');
  return version;
}

/** What the chart makes of values, as text. They are a file, or an object. */
export async function renderText(
  helm: Helm,
  values: string | object = {},
  namespace = RELEASE,
): Promise<string> {
  const from =
    typeof values === 'string' ? { file: values, input: '' } : { file: '-', input: JSON.stringify(values) };
  const args = ['template', RELEASE, CHART, '--namespace', namespace, '--values', from.file];
  const { code, stdout, stderr } = await helm(args, { input: from.input });
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return stdout;
}
