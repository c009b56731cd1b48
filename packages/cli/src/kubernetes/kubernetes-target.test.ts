import type { IncomingMessage } from 'node:http';
import { API_VERSION } from 'kernel-gossip-types';
import { describe, expect, test } from 'vitest';
import { capture } from '../testing/capture.ts';
import { json, scriptedCluster as cluster } from '../testing/scripted-cluster.ts';
import { whisper } from '../testing/whispers.ts';

const listOf = (items: readonly unknown[], metadata: object = { resourceVersion: '100' }): object => ({
  apiVersion: API_VERSION,
  kind: 'KernelWhisperList',
  metadata,
  items,
});

describe('a cluster as target', () => {
  test('lists page by page, as who the kubeconfig says, in its namespace', async () => {
    const asked: string[] = [];
    const env = await cluster((request, response) => {
      asked.push(`${request.headers.authorization ?? ''} ${request.url ?? ''}`);
      const isSecond = request.url?.includes('continue=more') === true;
      json(
        response,
        200,
        isSecond
          ? listOf([whisper({ name: 'second' })])
          : listOf([whisper({ name: 'first' })], { resourceVersion: '100', continue: 'more' }),
      );
    });
    const { out, err, code } = await capture(['whispers', '-o', 'name'], { env });
    expect(out).toBe('kernelwhisper.kernel.gossip.io/first\nkernelwhisper.kernel.gossip.io/second\n');
    expect(code).toBe(0);
    expect(err).toContain('context here of');
    expect(asked).toEqual([
      'Bearer secret-token /apis/kernel.gossip.io/v1alpha1/namespaces/shop/kernelwhispers?limit=500',
      'Bearer secret-token /apis/kernel.gossip.io/v1alpha1/namespaces/shop/kernelwhispers?limit=500&continue=more',
    ]);
  });

  test('watches from the list on, over the end of a watch and an expired version', async () => {
    const watches: string[] = [];
    const names = ['listed'];
    const env = await cluster((request, response) => {
      const url = request.url ?? '';
      if (!url.includes('watch=true')) {
        json(
          response,
          200,
          listOf(names.map((name) => whisper({ name, resourceVersion: name === 'came' ? '101' : '7' }))),
        );
        return;
      }
      watches.push(new URL(url, 'http://x').searchParams.get('resourceVersion') ?? '');
      response.writeHead(200, { 'content-type': 'application/json' });
      if (watches.length === 1) {
        const event = { type: 'ADDED', object: whisper({ name: 'came', resourceVersion: '101' }) };
        const bookmark = {
          type: 'BOOKMARK',
          object: { kind: 'KernelWhisper', metadata: { resourceVersion: '140' } },
        };
        response.end(`${JSON.stringify(event)}\n${JSON.stringify(bookmark)}\n`);
      } else if (watches.length === 2) {
        names.push('came', 'later');
        response.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, message: 'too old' } })}\n`);
      }
    });
    const ending = new AbortController();
    const printed: string[] = [];
    const watching = capture(['whispers', '-A', '--watch', '-o', 'name'], {
      env,
      signal: ending.signal,
      onOut: (text) => printed.push(text.trim().replace(/.*\//, '')),
    });
    await expect.poll(() => printed, { timeout: 5000 }).toEqual(['listed', 'came', 'later']);
    await expect.poll(() => watches).toEqual(['100', '140', '100']);
    ending.abort();
    expect((await watching).code).toBe(0);
  });

  const SEND = ['send-throttle', '--pod', 'web-1', '--throttled', '85.5', '--operator-namespace', 'gossip'];
  const isTokenRequest = (url: string | undefined): boolean => url?.endsWith('/token') === true;
  const forbidden = (message: string): object => ({ kind: 'Status', reason: 'Forbidden', message });

  test('takes a short-lived token of the sender for the audience of the operator', async () => {
    const asked: string[] = [];
    const env = await cluster((request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      request.on('data', (chunk: Buffer) => asked.push(chunk.toString()));
      if (isTokenRequest(request.url)) json(response, 201, { status: { token: 't' } });
      else json(response, 200, { items: [] });
    });
    const sent = await capture(SEND, { env });
    expect(asked.slice(0, 2)).toEqual([
      'POST /api/v1/namespaces/gossip/serviceaccounts/kernel-gossip-sender/token',
      '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"audiences":["kernel-gossip"],"expirationSeconds":600}}',
    ]);
    expect(asked[2]).toContain(
      'GET /apis/discovery.k8s.io/v1/namespaces/gossip/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkernel-gossip-operator',
    );
    expect(sent.code).toBe(3);
    expect(sent.err).toContain('No pod is ready behind service kernel-gossip-operator in namespace gossip');
    expect(sent.err).toContain('kubectl get pods,endpointslices -n gossip');
  });

  test('who may take no token is told which right that needs', async () => {
    const env = await cluster((_request, response) => {
      json(response, 403, forbidden('serviceaccounts "kernel-gossip-sender" is forbidden'));
    });
    const sent = await capture(SEND, { env });
    expect(sent.code).toBe(4);
    expect(sent.err).toContain(
      'This needs create on serviceaccounts/token of kernel-gossip-sender in namespace gossip: ask for the Role kernel-gossip-send there',
    );
  });

  test('who may not look for the operator, or not reach it, is told which right that needs', async () => {
    const slices = (request: IncomingMessage): boolean => request.url?.includes('endpointslices') === true;
    const maySee = { now: false };
    const env = await cluster((request, response) => {
      if (isTokenRequest(request.url)) json(response, 201, { status: { token: 't' } });
      else if (slices(request) && !maySee.now) json(response, 403, forbidden('endpointslices is forbidden'));
      else if (slices(request)) {
        const targetRef = { kind: 'Pod', name: 'operator-1', namespace: 'gossip' };
        const slice = { endpoints: [{ targetRef, conditions: {} }], ports: [{ name: 'http', port: 8080 }] };
        json(response, 200, { items: [slice] });
      } else if (request.url?.endsWith('selfsubjectaccessreviews') === true) {
        request.on('data', (chunk: Buffer) => {
          json(response, 201, { status: { allowed: chunk.includes('"verb":"get"') } });
        });
      } else json(response, 403, forbidden('pods/portforward is forbidden'));
    });
    const unseen = await capture(SEND, { env });
    expect(unseen).toMatchObject({ code: 4 });
    expect(unseen.err).toContain('This needs list on endpointslices in namespace gossip');
    maySee.now = true;
    const unreached = await capture(SEND, { env });
    expect(unreached).toMatchObject({ code: 4 });
    expect(unreached.err).toContain('port-forward to gossip/operator-1:8080');
    expect(unreached.err).toContain('This needs create on pods/portforward in namespace gossip');
  });

  test('kinds that are not installed are not there, and how to install them is said', async () => {
    const env = await cluster((_request, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('404 page not found\n');
    });
    const listed = await capture(['whispers'], { env });
    expect(listed.code).toBe(5);
    expect(listed.err).toContain('kgossip crds | kubectl apply --server-side -f -');
  });

  test('an object that cannot be read is left out, and that is said', async () => {
    const env = await cluster((_request, response) => {
      json(
        response,
        200,
        listOf([{ metadata: { name: 'odd', namespace: 'shop' } }, whisper({ name: 'good' })]),
      );
    });
    const { out, err, code } = await capture(['whispers', '-o', 'name'], { env });
    expect({ out, code }).toEqual({ out: 'kernelwhisper.kernel.gossip.io/good\n', code: 0 });
    expect(err).toContain('left out: shop/odd');
  });

  test('a missing right is said with what to do, and exits 4', async () => {
    const env = await cluster((_request, response) => {
      json(response, 403, {
        kind: 'Status',
        status: 'Failure',
        reason: 'Forbidden',
        message: 'kernelwhispers is forbidden',
      });
    });
    const refused = await capture(['whispers'], { env });
    expect(refused.code).toBe(4);
    expect(refused.err).toContain('KG_STORE_FORBIDDEN');
    expect(refused.err).toContain('kernelwhispers is forbidden. Name a namespace of yours with -n');
    const watched = await capture(['whispers', '--watch'], { env });
    expect(watched.code).toBe(4);
    expect(watched.err).toContain('kernelwhispers is forbidden');
  });

  test('doctor asks for CRDs and rights', async () => {
    const env = await cluster((request, response) => {
      const url = request.url ?? '';
      if (url === '/version') json(response, 200, { gitVersion: 'v1.35.0' });
      else if (url.endsWith('selfsubjectaccessreviews')) json(response, 201, { status: { allowed: false } });
      else if (url.endsWith('/v1alpha1')) json(response, 200, { resources: [{ name: 'kernelwhispers' }] });
      else json(response, 404, { kind: 'Status', reason: 'NotFound', message: 'services "x" not found' });
    });
    const { out, code } = await capture(['doctor'], { env });
    expect(code).toBe(1);
    expect(out).toContain('yes  API server reachable');
    expect(out).toContain('missing: podbirthcertificates, remediationpolicies, pixiesources');
    expect(out).toContain('not permitted in namespace shop: list, watch');
    expect(out).toContain('no   may send observations');
    expect(out).toContain('get on pods/portforward, create on pods/portforward');
    expect(out).toContain('no   operator reachable by port-forward');
  });
});
