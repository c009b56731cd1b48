import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { openKubeApi, pathOf } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import { apiOf, json, scriptedServer, status, stream, type Reply, type ScriptedServer } from './testing.ts';

let server: ScriptedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const start = async (reply: Reply): Promise<ScriptedServer> => (server = await scriptedServer(() => reply));

const failure = async (attempt: Promise<unknown>): Promise<KubeError> => {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof KubeError) return error;
    throw error;
  }
  throw new Error('it succeeded');
};

describe('a request', () => {
  it('carries method, path, query, body and content type', async () => {
    const { api, seen } = await start(json({ ok: true }));
    const answer = await api.request({
      method: 'PATCH',
      path: pathOf('apis', 'a b', 'x/y'),
      query: { force: true, fieldManager: 'me' },
      body: { a: null },
      contentType: 'application/apply-patch+yaml',
    });
    expect(answer).toEqual({ ok: true });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      path: '/apis/a%20b/x%2Fy',
      query: { force: 'true', fieldManager: 'me' },
      body: { a: null },
      headers: { 'content-type': 'application/apply-patch+yaml', 'user-agent': 'kernel-gossip' },
    });
  });

  it.each([
    [400, 'KG_STORE_INVALID'],
    [401, 'KG_STORE_FORBIDDEN'],
    [403, 'KG_STORE_FORBIDDEN'],
    [404, 'KG_STORE_NOT_FOUND'],
    [409, 'KG_STORE_CONFLICT'],
    [410, 'KG_STORE_EXPIRED'],
    [415, 'KG_STORE_INVALID'],
    [422, 'KG_STORE_INVALID'],
    [429, 'KG_STORE_UNAVAILABLE'],
    [500, 'KG_STORE_UNAVAILABLE'],
    [503, 'KG_STORE_UNAVAILABLE'],
  ])('answered with %i fails with %s and the words of the server', async (code, expected) => {
    const { api } = await start(
      json(status(code, 'what the server says', 'Why'), code, { 'retry-after': '7' }),
    );
    const error = await failure(api.request({ method: 'GET', path: '/x' }));
    expect(error).toMatchObject({ code: expected, status: code, reason: 'Why', retryAfterMs: 7000 });
    expect(error.message).toBe('GET /x: what the server says');
  });

  it('takes a field that the schema lacks for invalid, though the server says 500', async () => {
    const words =
      'failed to create typed patch object (a/b; g/v1, Kind=K): .spec.x: field not declared in schema';
    const { api } = await start(json(status(500, words), 500));
    expect(await failure(api.request({ method: 'PATCH', path: '/x' }))).toMatchObject({
      code: 'KG_STORE_INVALID',
    });
  });

  it('takes a namespace on its way out for one that is not there', async () => {
    const body = {
      ...status(403, 'is being terminated'),
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    };
    const { api } = await start(json(body, 403));
    expect(await failure(api.request({ method: 'PATCH', path: '/x' }))).toMatchObject({
      code: 'KG_STORE_NOT_FOUND',
    });
  });

  it('takes a path that is not served for something that may come, not for an object that is missing', async () => {
    const { api } = await start((response) => {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('404 page not found\n');
    });
    const error = await failure(api.request({ method: 'GET', path: '/x' }));
    expect(error.code).toBe('KG_STORE_UNAVAILABLE');
    expect(error.message).toContain('are the CRDs installed?');
  });

  it('keeps tokens and bodies out of its errors', async () => {
    const { url } = await start((response) => {
      response.writeHead(500);
      response.end('{"secret-in-the-body"');
    });
    const api = apiOf(url, 'secret-token');
    const error = await failure(api.request({ method: 'POST', path: '/x', body: { of: 'secret-sent' } }));
    expect(JSON.stringify([error, error.message, error.stack, String(error.cause)])).not.toContain('secret');
    await api.close();
  });

  it('fails as unavailable when nobody listens, when the connection is cut, and when the answer breaks off', async () => {
    const { api, url } = await start((response, { path }) => {
      if (path === '/cut') response.destroy();
      else {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"half');
        setTimeout(() => response.destroy(), 10);
      }
    });
    for (const path of ['/cut', '/half'])
      expect(await failure(api.request({ method: 'GET', path }))).toMatchObject({
        code: 'KG_STORE_UNAVAILABLE',
      });
    await server?.close();
    const gone = apiOf(url);
    const error = await failure(gone.request({ method: 'GET', path: '/x' }));
    expect(error).toMatchObject({ code: 'KG_STORE_UNAVAILABLE', status: null });
    expect(error.message).toContain('ECONNREFUSED');
    await gone.close();
  });

  it('gives up in time, and at once when told to', async () => {
    const { api } = await start(() => undefined);
    const error = await failure(api.request({ method: 'GET', path: '/x', timeoutMs: 50 }));
    expect(error.message).toBe('GET /x: no answer in time');
    const controller = new AbortController();
    const attempt = api.request({ method: 'GET', path: '/x', signal: controller.signal });
    controller.abort(new Error('told to'));
    await expect(attempt).rejects.toThrow('told to');
  });

  it('opens few connections for many requests', async () => {
    const sockets = new Set<unknown>();
    const { api } = await start((response, one) => {
      sockets.add(response.socket);
      setTimeout(() => json({})(response, one), 5);
    });
    await Promise.all(Array.from({ length: 200 }, () => api.request({ method: 'GET', path: '/x' })));
    expect(sockets.size).toBeLessThanOrEqual(16);
  });

  it('uses a rotated token at once when the old one is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'old');
    let valid = 'Bearer old';
    const { url, seen } = await start((response, one) =>
      json({}, one.headers.authorization === valid ? 200 : 401)(response, one),
    );
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: url, skipTLSVerify: true },
      { name: 'tester', authProvider: { name: 'tokenFile', config: { tokenFile } } },
    );
    const api = openKubeApi({ config, origin: 'in-cluster', context: 'test', server: url, namespace: null });
    await api.request({ method: 'GET', path: '/x' });
    writeFileSync(tokenFile, 'new');
    valid = 'Bearer new';
    await api.request({ method: 'GET', path: '/x' });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
    expect(
      (await failure(start(json({}, 401)).then((other) => other.api.request({ method: 'GET', path: '/x' }))))
        .code,
    ).toBe('KG_STORE_FORBIDDEN');
    await api.close();
    rmSync(folder, { recursive: true });
  });
});

describe('a watch', () => {
  it('yields events however the bytes are cut', async () => {
    const text = '{"type":"ADDED","object":{"name":"Zoë"}}\n{"type":"MODIFIED"}\n\n{"type":"DELETED"}\n';
    const { api } = await start((response) => {
      response.writeHead(200);
      const bytes = [...Buffer.from(text)];
      const next = (): void => {
        const byte = bytes.splice(0, 7);
        if (byte.length === 0) response.end();
        else response.write(Buffer.from(byte), () => setTimeout(next, 1));
      };
      next();
    });
    const events: unknown[] = [];
    const signal = new AbortController().signal;
    for await (const event of await api.watch({ path: '/x', signal, idleMs: 1000 })) events.push(event);
    expect(events).toEqual([
      { type: 'ADDED', object: { name: 'Zoë' } },
      { type: 'MODIFIED' },
      { type: 'DELETED' },
    ]);
  });

  it('that goes quiet, half-open, is given up', async () => {
    const { api } = await start(stream([{ type: 'ADDED' }]));
    const signal = new AbortController().signal;
    const events = await api.watch({ path: '/x', signal, idleMs: 100 });
    const all = async (): Promise<void> => {
      for await (const event of events) expect(event).toEqual({ type: 'ADDED' });
    };
    expect((await failure(all())).message).toBe('WATCH /x: no answer in time');
  });
});
