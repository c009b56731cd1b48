import { afterEach, describe, expect, it } from 'vitest';
import { single, type Collector } from './family.ts';
import { expose, type Exposed } from './server.ts';

describe('expose', () => {
  let exposed: Exposed | null = null;
  let why: string | null = null;
  const start = async (...collectors: readonly Collector[]): Promise<string> => {
    exposed = await expose({ port: 0, host: '127.0.0.1' }, { collectors, whyNotReady: () => why });
    return `http://127.0.0.1:${exposed.port}`;
  };
  afterEach(async () => {
    await exposed?.close();
    exposed = why = null;
  });

  it('gives the figures of all collectors as they are at each request', async () => {
    let sweeps = 0;
    const url = await start(
      () => single('counter', 'sweeps_total', 'Sweeps.', (sweeps += 1)),
      () => Promise.resolve(single('gauge', 'groups', 'Groups.', 3)),
    );
    await (await fetch(`${url}/metrics`)).text();
    const response = await fetch(`${url}/metrics?x=1`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe(
      '# HELP sweeps_total Sweeps.\n# TYPE sweeps_total counter\nsweeps_total 2\n' +
        '# HELP groups Groups.\n# TYPE groups gauge\ngroups 3\n',
    );
  });

  it('makes one answer for all who ask at once', async () => {
    let made = 0;
    const url = await start(async () => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return [];
    });
    const responses = await Promise.all([1, 2, 3].map(() => fetch(`${url}/metrics`)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(made).toBe(1);
  });

  it('says whether it is alive, and why it is not ready', async () => {
    const url = await start();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    why = 'no sweep for 10 s';
    const response = await fetch(`${url}/readyz`);
    expect([response.status, await response.text()]).toEqual([503, 'no sweep for 10 s\n']);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('answers nothing else, and survives a collector that fails', async () => {
    const url = await start(() => {
      throw new Error('no figures');
    });
    const statuses = [
      (await fetch(url)).status,
      (await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })).status,
      (await fetch(`${url}/metrics`)).status,
      (await fetch(`${url}/healthz`, { method: 'HEAD' })).status,
    ];
    expect(statuses).toEqual([404, 405, 500, 200]);
  });

  it('says which port it could not have', async () => {
    await start();
    const { port } = exposed!;
    await expect(
      expose({ port, host: '127.0.0.1' }, { collectors: [], whyNotReady: () => null }),
    ).rejects.toMatchObject({
      code: 'KG_CONFIG_INVALID',
      message: expect.stringContaining(`--metrics-port ${port} on 127.0.0.1`) as string,
    });
  });
});
