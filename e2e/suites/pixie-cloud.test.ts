import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { connectCluster } from '../src/cluster/connect.ts';
import { run } from '../src/command.ts';
import { makeNamespace, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import { build, CONTROLLERS, LAYERS } from '../src/pixie-cloud/build.ts';
import { operatorCrds } from '../src/pixie-cloud/crds.ts';
import { provisionsOfScript, referencesOf } from '../src/pixie-cloud/references.ts';
import { textAt, textsAt } from '../src/pixie-cloud/tree.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const SCRIPT = join(CONTROLLERS, 'base/pixie-cloud/secrets/create-secrets.sh');
/** How long operators' CRDs may take to be fetched and made where that never was. */
const FETCHING_MS = 600_000;
/** Namespaces that the manifests expect of their cluster, or of another layer. */
const NAMESPACES = ['flux-system', 'elastic-system', 'pl'];

const dryRun = (directory: string) =>
  kubectl(['apply', '--server-side', '--dry-run=server', '-k', join(CONTROLLERS, directory)]);

/** Where the API server is, and the file with its CA, which is gone after the test. */
async function apiServer(directory: string): Promise<{ readonly url: string; readonly ca: string }> {
  const text = await succeed(kubectl, ['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json']);
  const entry: unknown = JSON.parse(text);
  const ca = join(directory, 'ca.crt');
  const data = textAt(entry, 'clusters', 0, 'cluster', 'certificate-authority-data');
  writeFileSync(ca, Buffer.from(data ?? '', 'base64'));
  return { url: textAt(entry, 'clusters', 0, 'cluster', 'server') ?? '', ca };
}

/** Runs create-secrets.sh as its Job does: as its ServiceAccount, against the API server. */
async function createSecrets() {
  const account = mkdtempSync(join(tmpdir(), 'kernel-gossip-pixie-secrets-'));
  onTestFinished(() => {
    rmSync(account, { recursive: true });
  });
  const { url } = await apiServer(account);
  const token = await succeed(kubectl, ['create', 'token', 'create-secrets', '-n', 'plc']);
  writeFileSync(join(account, 'token'), token.trim());
  writeFileSync(join(account, 'namespace'), 'plc');
  return run('sh', [SCRIPT], { env: { ...process.env, API_SERVER: url, ACCOUNT: account, WORK: account } });
}

const secretsOfPixie = async (): Promise<ReadonlyMap<string, unknown>> => {
  const list: unknown = JSON.parse(await succeed(kubectl, ['get', 'secrets', '-n', 'plc', '-o', 'json']));
  const items = (list as { readonly items: readonly unknown[] }).items;
  return new Map(items.map((item) => [textAt(item, 'metadata', 'name') ?? '', item]));
};

describe('Pixie Cloud on a real API server, with the CRDs of the operators that it needs', () => {
  const removals: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    await succeed(kubectl, ['apply', '--server-side', '-f', '-'], await operatorCrds());
    await succeed(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    for (const namespace of NAMESPACES) removals.push(await makeNamespace(kubectl, namespace));
    // plc for real, with its policies and its level of Pod Security: then the API server warns of pods that it would refuse.
    await succeed(kubectl, [
      'apply',
      '--server-side',
      '-k',
      join(CONTROLLERS, 'staging/pixie-cloud/namespace'),
    ]);
    removals.push(async () => {
      await succeed(kubectl, ['delete', 'namespace', 'plc', '--wait=false']);
    });
  }, FETCHING_MS);
  afterAll(async () => {
    for (const remove of removals) await remove();
  });

  it.each([
    ...LAYERS.map((layer) => `staging/pixie-cloud/${layer}`),
    'staging/pixie-cloud',
    'staging/pixie',
    'staging/flux',
    'base/pixie-cloud/restore',
  ])('would take %s, without a warning', async (directory) => {
    const { code, stdout, stderr } = await dryRun(directory);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength((await build(directory)).length);
  });

  it('would refuse a field that an operator does not know', async () => {
    const certificates = await build('staging/pixie-cloud/secrets');
    const certificate = JSON.stringify(certificates.find(({ kind }) => kind === 'Certificate'));
    const { code, stderr } = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], {
      input: certificate.replace('"secretName"', '"secret"'),
    });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/secret/);
  });

  describe('makes its secrets', () => {
    beforeAll(async () => {
      const objects = await build('staging/pixie-cloud/secrets');
      const account = objects.filter(({ kind }) => ['ServiceAccount', 'Role', 'RoleBinding'].includes(kind));
      await succeed(
        kubectl,
        ['apply', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: account }),
      );
    });

    it('once: the second run changes nothing', async () => {
      const first = await createSecrets();
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(first.stdout.match(/: created/g)).toHaveLength(5);
      const made = await secretsOfPixie();
      const second = await createSecrets();
      expect(second).toMatchObject({ code: 0, stderr: '' });
      expect(second.stdout.match(/: is there already, left as it is/g)).toHaveLength(5);
      expect(await secretsOfPixie()).toEqual(made);
    });

    it('with every key that a pod asks for, each of its own and long enough', async () => {
      const made = await secretsOfPixie();
      const expected = provisionsOfScript(readFileSync(SCRIPT, 'utf8'), 'plc');
      expect(
        Object.fromEntries([...made].map(([name, secret]) => [name, Object.keys(textsAt(secret, 'data'))])),
      ).toEqual(Object.fromEntries(expected.map(({ name, parts }) => [name, [...parts].sort()])));
      const asked = (await build('staging/pixie-cloud'))
        .flatMap(referencesOf)
        .filter(({ kind, name }) => kind === 'Secret' && made.has(name));
      const value = (name: string, key: string) =>
        Buffer.from(textsAt(made.get(name), 'data')[key] ?? '', 'base64').toString();
      expect(asked.filter(({ name, part }) => value(name, part ?? '') === '')).toEqual([]);
      const generated = expected
        .flatMap(({ name, parts }) => parts.map((part) => [part, value(name, part)] as const))
        .filter(([part]) => part !== 'PL_POSTGRES_USERNAME' && part !== 'email');
      expect(generated.filter(([, text]) => !/^[a-zA-Z0-9]{24,64}$/.test(text))).toEqual([]);
      expect(new Set(generated.map(([, text]) => text)).size).toBe(generated.length);
    });

    it('by an account that may neither read nor change a Secret', async () => {
      const may = async (verb: string) => {
        const as = 'system:serviceaccount:plc:create-secrets';
        const { stdout } = await kubectl(['auth', 'can-i', verb, 'secrets', '-n', 'plc', '--as', as]);
        return stdout.trim();
      };
      expect(await Promise.all(['create', 'get', 'list', 'update', 'patch', 'delete'].map(may))).toEqual([
        'yes',
        ...Array.from({ length: 5 }, () => 'no'),
      ]);
    });

    it('and says which one the API server refused', async () => {
      await succeed(kubectl, ['delete', 'rolebinding', 'create-secrets', '-n', 'plc']);
      const refused = await createSecrets();
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(/^cloud-auth-secrets: the API server answered 403/);
    });
  });
});
