import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { REPOSITORY } from '../install.ts';
import { build, buildText, CONTROLLERS, LAYERS, type Manifest, parse, title } from './build.ts';
import { missing, podTemplate, provisionsOf, provisionsOfScript, referencesOf } from './references.ts';
import { selectorFaults } from './selectors.ts';
import { at, listAt, objectsIn, textAt, textsAt } from './tree.ts';

const DOMAIN = 'pixie.example.com';
const SCRIPT = readFileSync(join(CONTROLLERS, 'base/pixie-cloud/secrets/create-secrets.sh'), 'utf8');
/** Secrets that a pod may do without, and what each is for. */
const OPTIONAL = new Map([
  ['artifact-access-sa', 'a service account of Google Cloud, for a private bucket of artifacts'],
  ['bq-access-sa', 'a service account of Google Cloud, for BigQuery'],
  ['cloud-oidc-secrets', 'a login provider other than Hydra'],
  ['vizier-image-secret', 'a private registry of images'],
]);
/** Values of pixie-operator-chart: k8s/operator/helm/values.yaml and templates/04_vizier.yaml of pixie-io/pixie. */
const CHART_VALUES = [
  ...['deployOLM', 'olmNamespace', 'olmOperatorNamespace', 'olmBundleChannel', 'olmCatalogSource', 'name'],
  ...['clusterName', 'version', 'deployKey', 'customDeployKeySecret', 'disableAutoUpdate', 'useEtcdOperator'],
  ...['cloudAddr', 'devCloudNamespace', 'pemMemoryLimit', 'pemMemoryRequest', 'dataAccess', 'pod', 'patches'],
  ...['registry', 'autopilot', 'dataCollectorParams', 'leadershipElectionParams', 'global'],
];
/** Deployments of Pixie Cloud v0.1.9. */
const DEPLOYMENTS = [
  ...['api-server', 'artifact-tracker-server', 'auth-server', 'cloud-proxy', 'config-manager-server'],
  ...['cron-script-server', 'hydra', 'indexer-server', 'kratos', 'metrics-server', 'plugin-server'],
  ...['profile-server', 'project-manager-server', 'scriptmgr-server', 'vzconn-server', 'vzmgr-server'],
];

const named = (objects: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`the build has no ${kind} ${name}`);
  return found;
};

/** All that objects offer; the Secrets of the script, where the Job that runs it is among them. */
const provisions = (objects: readonly Manifest[]) => [
  ...objects.flatMap(provisionsOf),
  ...(objects.some(({ kind, metadata }) => kind === 'Job' && metadata.name === 'create-secrets')
    ? provisionsOfScript(SCRIPT, 'plc')
    : []),
];

/** A directory that is gone after the test. */
function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'kernel-gossip-pixie-cloud-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}

const state = {
  cloud: [] as readonly Manifest[],
  vizier: [] as readonly Manifest[],
  flux: [] as readonly Manifest[],
  layers: new Map<string, readonly Manifest[]>(),
};
beforeAll(async () => {
  state.cloud = await build('staging/pixie-cloud');
  state.vizier = await build('staging/pixie');
  state.flux = await build('staging/flux');
  for (const layer of LAYERS) state.layers.set(layer, await build(`staging/pixie-cloud/${layer}`));
}, 60_000);

describe('the manifests of Pixie Cloud', { timeout: 30_000 }, () => {
  it('have every program of Pixie Cloud, and the three stores', () => {
    const names = (kind: string) =>
      state.cloud.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
    expect(names('Deployment').sort()).toEqual(DEPLOYMENTS);
    expect(names('StatefulSet').sort()).toEqual(['pl-nats', 'postgres']);
    expect(names('Elasticsearch')).toEqual(['pl-elastic']);
  });

  it('refer only to what is there, down to keys and ports', () => {
    const references = [...state.cloud, ...state.vizier].flatMap(referencesOf);
    expect(references.length).toBeGreaterThan(300);
    expect(missing(references, [...provisions(state.cloud), ...provisions(state.vizier)])).toEqual([]);
  });

  it('name with a reason what may be missing', () => {
    const optional = state.cloud.flatMap(referencesOf).filter((reference) => reference.optional);
    expect(new Set(optional.map(({ name }) => name))).toEqual(new Set(OPTIONAL.keys()));
  });

  it('would be found out if they referred to what is not there', () => {
    const without = (kind: string, name: string) =>
      state.cloud.filter((object) => object.kind !== kind || !object.metadata.name.startsWith(name));
    const faults = (objects: readonly Manifest[]) =>
      missing(state.cloud.flatMap(referencesOf), provisions(objects)).join('\n');
    expect(faults(without('ConfigMap', 'pl-domain-config'))).toMatch(
      /Deployment plc\/api-server needs ConfigMap pl-domain/,
    );
    expect(faults(without('Service', 'vzmgr-service'))).toMatch(/needs Service vzmgr-service, 51800 in it/);
    expect(faults(without('Certificate', 'service-tls-client'))).toMatch(
      /needs Secret service-tls-client-certs/,
    );
    expect(faults(without('PersistentVolumeClaim', 'postgres-backup'))).toMatch(
      /CronJob plc\/postgres-backup needs/,
    );
    expect(faults(without('ServiceAccount', 'pixie-cloud'))).toMatch(/needs ServiceAccount pixie-cloud/);
    expect(faults(without('Elasticsearch', 'pl-elastic'))).toMatch(/needs Secret pl-elastic-es-elastic-user/);
    expect(missing(state.cloud.flatMap(referencesOf), state.cloud.flatMap(provisionsOf)).join('\n')).toMatch(
      /needs Secret cloud-auth-secrets, jwt-signing-key in it/,
    );
  });

  it('select the pods that they mean, and ports that those have', () => {
    expect(selectorFaults(state.cloud)).toEqual([]);
  });

  it('would be found out if a selector or a port were wrong', () => {
    const broken = parse(
      JSON.stringify(named(state.cloud, 'Service', 'hydra'))
        .replace('"admin"', '"adm"')
        .replaceAll('"admin"', '"adm"'),
    );
    const lost = parse(
      JSON.stringify(named(state.cloud, 'NetworkPolicy', 'postgres')).replaceAll('true', 'yes'),
    );
    expect(selectorFaults([...state.cloud, ...broken])).toEqual([
      'Service plc/hydra: Deployment plc/hydra has no port adm',
    ]);
    expect(selectorFaults([...state.cloud, ...lost])).toEqual([
      'NetworkPolicy plc/postgres selects no pod by {"matchLabels":{"postgres-client":"yes"}}',
    ]);
  });

  it('open the doors of the database to those that have its password, and to no other', () => {
    const clients = state.cloud.filter((object) => {
      const labels = textsAt(podTemplate(object), 'metadata', 'labels');
      return labels['postgres-client'] === 'true';
    });
    const knowing = state.cloud.filter((object) =>
      referencesOf(object).some(({ name }) => name === 'pl-db-secrets'),
    );
    expect(clients.map(title)).toEqual(
      knowing.map(title).filter((each) => each !== 'StatefulSet plc/postgres'),
    );
  });

  it('scrape the metrics port of each server', () => {
    const monitor = named(state.cloud, 'ServiceMonitor', 'pixie-cloud');
    const service = named(state.cloud, 'Service', 'pixie-cloud-metrics');
    expect(textsAt(service, 'metadata', 'labels')).toMatchObject(
      textsAt(monitor, 'spec', 'selector', 'matchLabels'),
    );
    expect(listAt(service, 'spec', 'ports').map((port) => textAt(port, 'name'))).toEqual(
      listAt(monitor, 'spec', 'endpoints').map((endpoint) => textAt(endpoint, 'port')),
    );
  });

  it('hold no Secret, and no password or key in the open', () => {
    expect(state.cloud.concat(state.vizier).filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const values = [...objectsIn(state.cloud)]
      .filter(({ name }) => typeof name === 'string' && /PASS|SECRET|KEY|DSN|TOKEN|SALT/.test(name))
      .flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
    // Paths, names of files, and texts put together of other variables.
    expect(values.filter((value) => !/^\/|^[a-z_]+\.json$|\$\([A-Z_]+\)/.test(value))).toEqual([]);
    const files = readdirSync(join(REPOSITORY, 'k8s/monitoring'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const open = files.filter((file) =>
      /BEGIN [A-Z ]*PRIVATE KEY|px-(api|dep)-|^kind: Secret$/m.test(readFileSync(file, 'utf8')),
    );
    expect(open).toEqual([]);
  });

  it('say of every image which one it is', () => {
    const images = [...objectsIn(state.cloud)].flatMap(({ image }) =>
      typeof image === 'string' ? [image] : [],
    );
    expect(images.length).toBeGreaterThan(25);
    expect(images.filter((image) => !/:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image))).toEqual([]);
    const releases = images
      .filter((image) => image.includes('/pixie-prod/'))
      .map((image) => image.split(':')[1]);
    expect(new Set(releases).size).toBe(1);
  });

  it('are the same in layers and as a whole', () => {
    const sorted = (objects: readonly Manifest[]) => objects.map((object) => JSON.stringify(object)).sort();
    expect(sorted([...state.layers.values()].flat())).toEqual(sorted(state.cloud));
  });

  it.each(['staging/pixie-cloud', 'staging/pixie'])('have the domain of one file: %s', async (overlay) => {
    const copy = scratch();
    cpSync(CONTROLLERS, copy, { recursive: true });
    const file = join(copy, 'staging/domain/domain.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(DOMAIN, 'kernel.example.org'));
    // The ConfigMap with the domain in it is named by what is in it.
    const plain = (text: string) => text.replaceAll(/pl-domain-config-[a-z0-9]{10}/g, 'pl-domain-config');
    const mine = plain(await buildText(overlay));
    const other = plain(await buildText(join(copy, overlay)));
    expect(mine).toContain(DOMAIN);
    expect(other).toBe(mine.replaceAll(DOMAIN, 'kernel.example.org'));
    expect(mine).not.toMatch(/pixie-domain|withpixie/);
  });

  it('give the two Services an address where there is no ingress', async () => {
    const copy = scratch();
    cpSync(CONTROLLERS, copy, { recursive: true });
    const file = join(copy, 'staging/pixie-cloud/kustomization.yaml');
    const whole = readFileSync(file, 'utf8');
    const changed = whole
      .replace('  - ../../base/pixie-cloud/ingress\n', '')
      .replace('components:', 'components:\n  - ../../base/pixie-cloud/load-balancer');
    writeFileSync(file, changed);
    const objects = await build(join(copy, 'staging/pixie-cloud'));
    expect(objects.filter(({ kind }) => kind === 'Ingress')).toEqual([]);
    const open = objects.filter((object) => textAt(object, 'spec', 'type') === 'LoadBalancer');
    expect(open.map(({ metadata }) => metadata.name).sort()).toEqual([
      'cloud-proxy-service',
      'vzconn-service',
    ]);
    const settings = objects.find(({ metadata }) => metadata.name.startsWith('pl-domain-config'));
    expect(settings?.data).toEqual({ PL_DOMAIN_NAME: DOMAIN, PASSTHROUGH_PROXY_PORT: '4444' });
    expect(missing(objects.flatMap(referencesOf), provisions(objects))).toEqual([]);
  });

  it('restore a backup from the volume that the backup writes to', async () => {
    const restore = await build('base/pixie-cloud/restore');
    const references = restore.flatMap(referencesOf);
    expect(references.map(({ name }) => name)).toContain('postgres-backup');
    expect(missing(references, [...provisions(restore), ...provisions(state.cloud)])).toEqual([]);
  });
});

describe('the release of Vizier', () => {
  it('sets only values that the chart has, and trusts the CA of the cloud', () => {
    const release = named(state.vizier, 'HelmRelease', 'pixie');
    const values = textsAt(release, 'spec', 'values');
    expect(Object.keys(values).filter((value) => !CHART_VALUES.includes(value))).toEqual([]);
    expect(values.cloudAddr).toBe(`${DOMAIN}:443`);
    const patch: unknown = JSON.parse(
      textAt(release, 'spec', 'values', 'patches', 'vizier-cloud-connector')!,
    );
    expect(at(patch, 'spec', 'template', 'spec', 'volumes', 0)).toEqual({
      name: 'pixie-cloud-ca',
      configMap: { name: 'pixie-cloud-ca' },
    });
    const container = at(patch, 'spec', 'template', 'spec', 'containers', 0);
    const mount = textAt(container, 'volumeMounts', 0, 'mountPath')!;
    expect(textAt(container, 'env', 0, 'value')!.split(':')).toContain(mount);
  });
});

describe('the layers for Flux', () => {
  const before = (name: string): readonly string[] => {
    const layer = state.flux.find(({ metadata }) => metadata.name === name);
    const direct = listAt(layer, 'spec', 'dependsOn').map((each) => textAt(each, 'name')!);
    return direct.flatMap((each) => [each, ...before(each)]);
  };

  it('are all there, each with its path', () => {
    const paths = state.flux.map((layer) => [layer.metadata.name, textAt(layer, 'spec', 'path')]);
    const below = './k8s/monitoring/controllers/staging';
    expect(paths).toEqual([
      ['pixie', `${below}/pixie`],
      ...[...LAYERS].sort().map((layer) => [`pixie-cloud-${layer}`, `${below}/pixie-cloud/${layer}`]),
    ]);
  });

  it.each(LAYERS)('bring what %s needs before it', (layer) => {
    const ready = [layer, ...before(`pixie-cloud-${layer}`).map((name) => name.slice('pixie-cloud-'.length))];
    const there = ready.flatMap((each) => state.layers.get(each)!);
    // Addresses in texts are for later; what kubelet reads must be there.
    const needed = state.layers
      .get(layer)!
      .flatMap(referencesOf)
      .filter(({ kind }) => kind !== 'Service');
    expect(missing(needed, provisions(there))).toEqual([]);
  });
});
