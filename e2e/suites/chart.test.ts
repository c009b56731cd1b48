import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CASES, caseFile } from '../src/chart/files.ts';
import { CHART, helmFor, RELEASE, renderText, type Helm } from '../src/chart/helm.ts';
import { objectsOf } from '../src/chart/objects.ts';
import { prometheusCrds } from '../src/chart/prometheus-crds.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, REPOSITORY, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import { isReady, OBSERVER_NAMESPACE, serviceAccountConfig, startOperator } from '../src/operator.ts';
import { title } from '../src/pixie-cloud/build.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-chart';
/** Where Helm never was built: it is then, from its Go modules. */
const BUILDING_MS = 1_200_000;
const STEP_MS = 240_000;

/** Objects alone: their images are in no registry. */
const WITHOUT_PODS = ['--set', 'operator.replicas=0', '--set', 'observer.nodeSelector.no-node=has-this'];
const PLACE = ['--namespace', OPERATOR_NAMESPACE];
const PLAIN = ['crds', 'operator', 'observer'].flatMap((name) => ['-f', join(REPOSITORY, 'k8s', name)]);
const CRD = 'customresourcedefinition/kernelwhispers.kernel.gossip.io';

const state: { helm?: Helm; removals: (() => Promise<void>)[] } = { removals: [] };

/** Runs Helm against the cluster; throws what it said where it failed. */
async function helm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await state.helm!(args);
  if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The README's command with this flag. */
function installBy(flag: string): readonly string[] {
  const readme = readFileSync(join(CHART, 'README.md'), 'utf8');
  const [, command = ''] = new RegExp(`^helm (install .*${flag}.*)$`, 'm').exec(readme) ?? [];
  return command.replace('k8s/chart', CHART).split(' ');
}

/** Nothing of Kernel Gossip is there afterwards. */
async function clear(): Promise<void> {
  await succeed(kubectl, ['delete', ...PLAIN, '--ignore-not-found', '--timeout=120s']);
}

const whisper = (name: string): object => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'KernelWhisper',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    pod_name: 'web-1',
    namespace: NAMESPACE,
    kind: 'cpu_throttle',
    severity: 'critical',
    detected_at: '2026-03-15T10:30:00Z',
    throttled_percent: 85.5,
  },
});

/** Files a whisper and returns how to ask for its uid: another one under its name would have another. */
async function file(name: string): Promise<() => Promise<string>> {
  await succeed(kubectl, ['wait', '--for=condition=Established', CRD, '--timeout=60s']);
  await until(`whisper ${name}`, { timeoutMs: 30_000, everyMs: 500 }, () =>
    succeed(kubectl, ['apply', '-f', '-'], JSON.stringify(whisper(name))),
  );
  return () => get('kernelwhisper', name, '-n', NAMESPACE, '-o', 'jsonpath={.metadata.uid}');
}

const get = (...args: readonly string[]): Promise<string> => succeed(kubectl, ['get', ...args]);

/** Kinds and names of what carries the release's label, in all namespaces. */
async function ofTheRelease(): Promise<readonly string[]> {
  const kinds = [
    ...[
      'deployment',
      'daemonset',
      'service',
      'serviceaccount',
      'networkpolicy',
      'poddisruptionbudget',
      'namespace',
    ],
    ...['role', 'rolebinding', 'clusterrole', 'clusterrolebinding', 'secret', 'customresourcedefinition'],
  ].join(',');
  const found = await get(kinds, '-A', '-l', `app.kubernetes.io/instance=${RELEASE}`, '-o', 'name');
  return found.split('\n').filter((name) => name !== '');
}

describe('the chart on a real API server', { timeout: STEP_MS }, () => {
  beforeAll(async () => {
    state.helm = await helmFor(cluster.kubeconfigPath);
    await clear();
    // For the case that has monitors.
    await succeed(kubectl, ['apply', '--server-side', '-f', '-'], await prometheusCrds());
    for (const name of [NAMESPACE, 'node-agents', 'shop']) {
      state.removals.push(await makeNamespace(kubectl, name));
    }
  }, BUILDING_MS);
  afterAll(async () => {
    await state.helm?.(['uninstall', RELEASE, ...PLACE, '--ignore-not-found', '--wait']);
    await clear();
    for (const remove of state.removals) await remove();
  }, STEP_MS);

  it('installs where nothing is', async () => {
    const said = await helm(...installBy('--create-namespace'), ...WITHOUT_PODS);
    expect(said).toMatch(/STATUS: deployed/);
    // What its notes tell to do.
    const [label = ''] = /kubectl label namespace[^\n]*\\\n[^\n]*/.exec(said) ?? [];
    await succeed(kubectl, label.replace('\\\n', '').split(/\s+/).slice(1));
    const manifest = await helm('get', 'manifest', RELEASE, ...PLACE);
    const there = await succeed(kubectl, ['get', '-f', '-', '-o', 'name'], manifest);
    expect(there.trim().split('\n')).toHaveLength(objectsOf(manifest).length);
  });

  it('gives the operator the rights that it needs to be ready', async () => {
    const account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    const operator = await startOperator(account);
    try {
      await until('the operator to be ready', { timeoutMs: 60_000 }, async () =>
        (await isReady(operator.url)) ? true : undefined,
      );
      const lease = await until('the Lease', { timeoutMs: 60_000, everyMs: 500 }, () =>
        get('lease', 'kernel-gossip-operator', '-n', OPERATOR_NAMESPACE, '-o', 'name'),
      );
      expect(lease).toContain('lease');
    } finally {
      await operator.stop();
      account.remove();
    }
  });

  it.each(CASES)('would be taken in the case %s, without a warning, by Pod Security too', async (name) => {
    const text = await renderText(state.helm!, caseFile(name));
    const { code, stdout, stderr } = await kubectl(
      ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-o', 'name', '-f', '-'],
      { input: text },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(objectsOf(text).length);
  });

  it('upgrades the kinds of resource with itself, and keeps what was found', async () => {
    const uid = await file('before-upgrade');
    const before = await uid();
    // As an older release would have made the kind, without priorities: what an operator wrote there would be dropped.
    const rendered = objectsOf(await renderText(state.helm!));
    const kind = JSON.stringify(rendered.find(({ metadata }) => CRD.endsWith(`/${metadata.name}`)));
    const older = kind.replace('"priority":{', '"was-not-yet":{');
    await succeed(kubectl, ['apply', '--server-side', '--field-manager=helm', '-f', '-'], older);
    expect(await get(CRD, '-o', 'json')).not.toMatch(/"priority": \{/);
    const values = [...WITHOUT_PODS, '--set', 'operator.settings.LOG_LEVEL=debug'];
    await helm('upgrade', RELEASE, CHART, ...PLACE, ...values);
    expect(await get(CRD, '-o', 'json')).toMatch(/"priority": \{/);
    expect(await get('deployment/kernel-gossip-operator', ...PLACE, '-o', 'yaml')).toMatch(/LOG_LEVEL/);
    expect(await uid()).toBe(before);
  });

  it('leaves, when uninstalled, what its README says', async () => {
    await helm('uninstall', RELEASE, ...PLACE, '--wait');
    const crds = objectsOf(await renderText(state.helm!)).filter(
      ({ kind }) => kind === 'CustomResourceDefinition',
    );
    expect([...(await ofTheRelease())].sort()).toEqual(
      crds.map(({ metadata }) => `customresourcedefinition.apiextensions.k8s.io/${metadata.name}`).sort(),
    );
    expect(await get('kernelwhisper', '-n', NAMESPACE, '-o', 'name')).toMatch(/before-upgrade/);
    expect(await get('lease', ...PLACE, '-o', 'name')).toMatch(/kernel-gossip-operator/);
    expect(await get('secret', ...PLACE, '-o', 'name')).toBe('');
    const gone = await kubectl(['get', 'namespace', OBSERVER_NAMESPACE]);
    expect(gone.stderr).toMatch(/not found/);
  });

  it('takes over the plain manifests in place, with what was found', async () => {
    await clear();
    await install(kubectl);
    await succeed(kubectl, ['apply', '-f', join(REPOSITORY, 'k8s/observer/00-namespace.yaml')]);
    const uid = await file('before-chart');
    const before = await uid();
    await helm(...installBy('--take-ownership'), ...WITHOUT_PODS);
    expect(await uid()).toBe(before);
    const rendered = objectsOf(await renderText(state.helm!));
    expect(await ofTheRelease()).toHaveLength(rendered.length);
    expect(rendered.map(title)).toContain('Namespace kernel-gossip-observer');
  });
});
