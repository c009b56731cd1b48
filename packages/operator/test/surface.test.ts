import { describe, expect, it } from 'vitest';
import { post, runningOperator, throttle, whispersOf } from './support/running-operator.ts';
import { statusAt } from './support/status-at.ts';

/** Reads a stream of events until the text holds what is looked for. */
async function readUntil(response: Response, wanted: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  if (response.body === null) throw new Error('no body');
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (wanted.test(text)) break;
  }
  return text;
}

describe('the surface', () => {
  it('is alive, ready, and says what it is', async () => {
    const { url } = await runningOperator();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([200, { ready: true }]);
    expect(await (await fetch(`${url}/api/v1alpha1/about`)).json()).toMatchObject({
      name: 'kernel-gossip-operator',
      store: 'sqlite',
    });
  });

  it('lists, by namespace too, and tells what is not there', async () => {
    const { url } = await runningOperator();
    await post(url, [throttle(), throttle({ namespace: 'other' })]);
    expect(await whispersOf(url)).toHaveLength(2);
    const inShop = await (await fetch(`${url}/api/v1alpha1/namespaces/shop/kernelwhispers`)).json();
    expect(inShop).toMatchObject({ kind: 'KernelWhisperList', items: [{ metadata: { namespace: 'shop' } }] });
    expect((await fetch(`${url}/api/v1alpha1/namespaces/shop/kernelwhispers/none`)).status).toBe(404);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/%ff`)).status).toBe(404);
    expect((await fetch(`${url}/api/v1alpha1/namespaces/%ff/kernelwhispers`)).status).toBe(400);
  });

  it('streams changes, also those that were missed, and says when it cannot', async () => {
    const { url } = await runningOperator();
    const live = await fetch(`${url}/api/v1alpha1/changes`);
    await post(url, throttle());
    const first = await readUntil(live, /"phase":"Open"/);
    expect(first).toMatch(/event: change\nid: \S+\ndata: \{"type":"ADDED"/);
    const id = /id: (\S+)/.exec(first)?.[1] ?? '';

    const back = await fetch(`${url}/api/v1alpha1/changes`, { headers: { 'Last-Event-ID': id } });
    expect(await readUntil(back, /"phase":"Open"/)).not.toMatch(/reset/);

    const stranger = await fetch(`${url}/api/v1alpha1/changes`, { headers: { 'Last-Event-ID': 'x.1' } });
    expect(await readUntil(stranger, /\n\n.*\n\n/s)).toMatch(/event: reset/);
  });

  it('counts what it does', async () => {
    const { url } = await runningOperator();
    await post(url, [throttle(), throttle({ throttle_percentage: 200 })]);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/kernel_gossip_observations_total\{type="cpu_throttle",result="transition"\} 1/);
    expect(text).toMatch(/kernel_gossip_observations_total\{type="unknown",result="rejected"\} 1/);
    expect(text).toMatch(
      /kernel_gossip_whispers\{kind="cpu_throttle",severity="critical",provenance="measured",phase="Open"\} 1/,
    );
    expect(text).toMatch(
      /controller_runtime_reconcile_total\{controller="whisper-assessor",result="\w+"\} \d/,
    );
  });

  it('counts requests by their paths, lists too, let in or not', async () => {
    const { url } = await runningOperator();
    const api = `${url}/api/v1alpha1`;
    for (const path of [
      'kernelwhispers',
      'namespaces/shop/kernelwhispers',
      'namespaces/shop/kernelwhispers/x',
    ]) {
      await (await fetch(`${api}/${path}`)).text();
      await (await fetch(`${api}/${path}`, { headers: { 'X-Forwarded-For': '10.0.0.7' } })).text();
    }
    const text = await (await fetch(`${url}/metrics`)).text();
    const count = (route: string, status: number): number => {
      const series = `http_server_request_duration_seconds_count{method="GET",route="/api/v1alpha1/${route}",status_code="${status}"} `;
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(series))
          ?.slice(series.length),
      );
    };
    const ofNamespace = 'namespaces/:namespace/kernelwhispers';
    expect([
      count('kernelwhispers', 200),
      count(ofNamespace, 200),
      count(`${ofNamespace}/:name`, 404),
    ]).toEqual([1, 1, 1]);
    for (const route of ['kernelwhispers', ofNamespace, `${ofNamespace}/:name`])
      expect(count(route, 403)).toBe(1);
    expect(text).not.toContain('route="none"');
  });

  it('ends its streams when it stops', async () => {
    const operator = await runningOperator();
    const live = await fetch(`${operator.url}/api/v1alpha1/changes`);
    const ended = live.text();
    await operator.close();
    expect(await ended).toMatch(/connected/);
  });
});

describe('a page of another name that was made to lead here', () => {
  const ask = async (url: string, host: string): Promise<readonly number[]> => [
    await statusAt(`${url}/webhook/pixie`, host, throttle()),
    await statusAt(`${url}/api/v1alpha1/watches`, host),
    await statusAt(`${url}/metrics`, host),
    await statusAt(`${url}/api/v1alpha1/kernelwhispers`, host),
  ];

  it.each(['auto', 'none'] as const)(
    'can do nothing where nobody is asked who they are (%s)',
    async (readAuth) => {
      const { url } = await runningOperator({ readAuth });
      expect(await ask(url, 'evil.example:18161')).toEqual([403, 403, 403, 403]);
      expect(await whispersOf(url)).toEqual([]);
      for (const host of ['127.0.0.1:18161', 'localhost', '[::1]:18161', 'my-box:18161']) {
        expect(await ask(url, host)).toEqual([202, 200, 200, 200]);
      }
    },
  );

  it('is as good as any other where the port is open to other machines', async () => {
    const { url } = await runningOperator({ host: '0.0.0.0', readAuth: 'none' });
    expect(await ask(url, 'gossip.example')).toEqual([202, 200, 200, 200]);
  });
});
