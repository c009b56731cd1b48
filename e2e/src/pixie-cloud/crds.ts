import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtOnce } from '../cluster/built/go-build.ts';
import { run, runOrThrow } from '../command.ts';
import { textAt } from './tree.ts';

const HERE = fileURLToPath(new URL('crds', import.meta.url));
export const PROMETHEUS = 'github.com/prometheus-operator/prometheus-operator@v0.81.0';
/** Modules that carry their CRDs, and where in them. The versions are those that docs/pixie-cloud.md asks for. */
const PUBLISHED = [
  { module: 'github.com/cert-manager/cert-manager@v1.17.2', path: 'deploy/crds' },
  { module: 'github.com/elastic/cloud-on-k8s/v2@v2.16.1', path: 'config/crds/v1/all-crds.yaml' },
  ...['servicemonitors', 'prometheusrules'].map((name) => ({
    module: PROMETHEUS,
    path: `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  })),
];
/** Flux publishes the types of its resources as modules, and the CRDs not: they are made of the types, as Flux does. */
const FLUX_TYPES = [
  'github.com/fluxcd/helm-controller/api/v2',
  'github.com/fluxcd/kustomize-controller/api/v1',
  'github.com/fluxcd/source-controller/api/v1',
];

/** The real CRDs of all operators that the manifests of Pixie Cloud need, as YAML. */
export async function operatorCrds(): Promise<string> {
  const files: string[] = [];
  for (const { module, path } of PUBLISHED) files.push(...filesAt(join(await moduleDirectory(module), path)));
  files.push(...filesAt(await fluxCrds()));
  // cert-manager's are templates of a chart as to a few labels.
  return files
    .map((file) => readFileSync(file, 'utf8').replaceAll(/^.*\{\{.*\}\}.*\n/gm, ''))
    .join('\n---\n');
}

const filesAt = (path: string): readonly string[] =>
  statSync(path).isFile()
    ? [path]
    : readdirSync(path)
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => join(path, name));

export async function moduleDirectory(module: string): Promise<string> {
  const { stdout, stderr } = await run('go', ['mod', 'download', '-json', module], { cwd: HERE });
  const directory = stdout === '' ? undefined : textAt(JSON.parse(stdout), 'Dir');
  if (directory === undefined) throw new Error(`go mod download ${module}: ${stdout}${stderr}`);
  return directory;
}

async function fluxCrds(): Promise<string> {
  const directory = await builtOnce({
    title: 'controller-gen v0.17.3',
    name: 'controller-gen',
    sourceDirectory: HERE,
    sources: ['go.mod', 'go.sum'],
    target: 'sigs.k8s.io/controller-tools/cmd/controller-gen',
    linkerFlags: '-s -w',
  });
  const crds = join(directory, 'flux-crds');
  mkdirSync(crds, { recursive: true });
  const paths = FLUX_TYPES.map((type) => `paths=${type}`);
  await runOrThrow(join(directory, 'controller-gen'), ['crd', ...paths, `output:crd:dir=${crds}`], {
    cwd: HERE,
  });
  return crds;
}
