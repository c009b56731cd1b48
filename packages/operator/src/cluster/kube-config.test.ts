import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadKubeConfig } from './kube-config.ts';

const kubeconfig = (server: string, more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [{ name: 'c', cluster: { server, ...more } }],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [
      { name: 'one', context: { cluster: 'c', user: 'u' } },
      { name: 'two', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      { name: 'lost', context: { cluster: 'nowhere', user: 'u' } },
    ],
  });

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
  file = join(folder, 'config');
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('HOME', folder);
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('a kubeconfig', () => {
  it('that is named is taken, with the context that is named', () => {
    writeFileSync(file, kubeconfig('https://example:6443'));
    expect(loadKubeConfig({ kubeconfig: file })).toMatchObject({
      origin: 'explicit',
      context: 'one',
      server: 'https://example:6443',
      namespace: null,
    });
    expect(loadKubeConfig({ kubeconfig: file, context: 'two' })).toMatchObject({
      context: 'two',
      namespace: 'shop',
    });
  });

  it('of the environment is taken where none is named', () => {
    writeFileSync(file, kubeconfig('https://example:6443'));
    vi.stubEnv('KUBECONFIG', file);
    expect(loadKubeConfig()).toMatchObject({ origin: 'default', context: 'one' });
  });

  it.each([
    ['of nobody', {}, /No cluster is configured/],
    ['that is not there', { kubeconfig: '/nowhere/config' }, /Cannot read the kubeconfig \/nowhere\/config/],
  ])('%s is a clear error', (_, options, words) => {
    expect(() => loadKubeConfig(options)).toThrow(words);
  });

  it('with a wrong context or cluster names what there is', () => {
    writeFileSync(file, kubeconfig('https://example:6443'));
    expect(() => loadKubeConfig({ kubeconfig: file, context: 'three' })).toThrow(
      /no context three; it has: one, two, lost/,
    );
    expect(() => loadKubeConfig({ kubeconfig: file, context: 'lost' })).toThrow(/names the cluster nowhere/);
  });

  it('with plain http is taken on this machine, and elsewhere only when it says so', () => {
    writeFileSync(file, kubeconfig('http://127.0.0.1:8001'));
    expect(loadKubeConfig({ kubeconfig: file }).config.getCurrentCluster()?.skipTLSVerify).toBe(true);
    writeFileSync(file, kubeconfig('http://example:8001'));
    expect(() => loadKubeConfig({ kubeconfig: file })).toThrow(/in the clear/);
    writeFileSync(file, kubeconfig('http://example:8001', { 'insecure-skip-tls-verify': true }));
    expect(loadKubeConfig({ kubeconfig: file }).server).toBe('http://example:8001');
  });
});
