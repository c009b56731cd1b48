import { describe, expect, test } from 'vitest';
import { capture } from '../testing/capture.ts';
import { json, scriptedCluster } from '../testing/scripted-cluster.ts';
import { scriptedOperator } from '../testing/scripted-operator.ts';
import { readVersion } from '../version.ts';

const client = `kgossip     ${readVersion()}, on Node ${process.versions.node}, speaks kernel.gossip.io/v1alpha1\n`;

describe('kgossip version', () => {
  test('names client, operator and API', async () => {
    await using peer = await scriptedOperator();
    const { out, err, code } = await capture(['--url', peer.url, 'version']);
    expect(code).toBe(0);
    expect(out).toBe(
      `${client}operator    9.9.9, keeps findings in sqlite\nAPI         kernel.gossip.io/v1alpha1\n`,
    );
    expect(err).toContain(`# kgossip ${readVersion()} and operator 9.9.9 are of different releases`);
  });

  test('says that nobody answers, and that is no error', async () => {
    const { out, code } = await capture(['--url', 'http://127.0.0.1:1', 'version']);
    expect(code).toBe(0);
    expect(out).toContain(client);
    expect(out).toMatch(/^operator {4}not known: Nothing answers at http:/m);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
  });

  test('a target that cannot be chosen is no error either', async () => {
    const { out, code } = await capture(['version', '--kubeconfig', '/nonexistent/config']);
    expect(code).toBe(0);
    expect(out).toMatch(/^server {6}not known: /m);
    expect(await capture(['version', '--client'])).toMatchObject({ code: 0, out: client, err: '' });
  });

  test('tells machines the same', async () => {
    await using peer = await scriptedOperator();
    const { out } = await capture(['--url', peer.url, 'version', '-o', 'json']);
    expect(JSON.parse(out)).toEqual({
      client: {
        version: readVersion(),
        node: process.version,
        api_version: 'kernel.gossip.io/v1alpha1',
      },
      server: {
        operator: { value: { name: 'kernel-gossip-operator', version: '9.9.9', store: 'sqlite' }, why: null },
        api: { value: ['kernel.gossip.io/v1alpha1'], why: null },
        kubernetes: null,
      },
      why: null,
    });
  });

  test('of a cluster tells each part by itself', async () => {
    const env = await scriptedCluster((request, response) => {
      const path = request.url ?? '';
      if (path === '/version') json(response, 200, { gitVersion: 'v1.33.1' });
      else if (path === '/apis/kernel.gossip.io') {
        const v1 = { groupVersion: 'kernel.gossip.io/v1', version: 'v1' };
        json(response, 200, { versions: [v1], preferredVersion: v1 });
      } else json(response, 200, { items: [] });
    });
    const { out, err, code } = await capture(['version'], { env });
    expect(code).toBe(0);
    expect(out).toContain('operator    not known: No pod is ready behind service kernel-gossip-operator');
    expect(out).toContain('API         kernel.gossip.io/v1\n');
    expect(out).toContain('Kubernetes  v1.33.1\n');
    expect(err).toContain('# this kgossip speaks kernel.gossip.io/v1alpha1, which is not served there');
  });

  test('of a cluster without our CRDs says that they are not installed', async () => {
    const env = await scriptedCluster((request, response) => {
      if (request.url === '/version') json(response, 200, { gitVersion: 'v1.33.1' });
      else json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' });
    });
    expect((await capture(['version'], { env })).out).toContain('API         not installed\n');
  });
});

describe('what is waited for', () => {
  test('is said on a terminal after a second, and taken away', async () => {
    const env = await scriptedCluster((_request, response) => {
      setTimeout(() => json(response, 200, { gitVersion: 'v1.33.1', items: [] }), 1500);
    });
    const shown: (string | null)[] = [];
    await capture(['version'], { env, showStatus: (line) => shown.push(line) });
    expect(shown[0]).toBe('… asking for versions, 1s');
    expect(shown.at(-1)).toBeNull();
  });

  test('is not said of what is quick', async () => {
    await using peer = await scriptedOperator();
    const shown: (string | null)[] = [];
    await capture(['--url', peer.url, 'whispers'], { showStatus: (line) => shown.push(line) });
    expect(shown).toEqual([]);
  });
});
