import { describe, expect, it } from 'vitest';
import type { PodTraffic } from 'kernel-gossip-types';
import { runningOperator } from './support/running-operator.ts';

const ns = (ms: number): string => String(BigInt(ms) * 1_000_000n);

/** A request that a pod answered, as an OpenTelemetry SDK exports it in JSON. */
const span = (endMs: number): unknown => ({
  resourceSpans: [
    {
      resource: {
        attributes: [
          { key: 'k8s.namespace.name', value: { stringValue: 'shop' } },
          { key: 'k8s.pod.name', value: { stringValue: 'web-1' } },
        ],
      },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '5b8efff798038103d269b633813fc60c',
              spanId: 'eee19b7ec3c1b174',
              name: 'GET /orders/{id}',
              kind: 2,
              startTimeUnixNano: ns(endMs - 250),
              endTimeUnixNano: ns(endMs),
              attributes: [
                { key: 'http.request.method', value: { stringValue: 'GET' } },
                { key: 'http.route', value: { stringValue: '/orders/{id}' } },
                { key: 'http.response.status_code', value: { intValue: '500' } },
              ],
            },
          ],
        },
      ],
    },
  ],
});

const send = (port: number | null): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(span(Date.now() - 2000)),
  });

describe('an operator with a port for OTLP', () => {
  it('makes the same of what comes there as of what comes to the webhook', async () => {
    const { url, otlp } = await runningOperator({ otlpHttpPort: 0, otlpGrpcPort: 0 });
    expect(otlp.grpc).toBeGreaterThan(0);
    expect((await send(otlp.http)).status).toBe(200);
    const traffic = await fetch(`${url}/api/v1alpha1/namespaces/shop/pods/web-1/traffic`);
    expect((await traffic.json()) as PodTraffic).toMatchObject({
      requests: [{ method: 'GET', path: '/orders/{id}', status: 500, requests: 1 }],
    });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^kernel_gossip_otlp_items_total\{signal="traces",result="accepted"\} 1$/m);
  });

  it('listens no more when it is closed, and nowhere unless it is asked to', async () => {
    const operator = await runningOperator({ otlpHttpPort: 0 });
    expect(operator.otlp.grpc).toBeNull();
    await operator.close();
    await expect(send(operator.otlp.http)).rejects.toThrow();
    expect((await runningOperator()).otlp).toEqual({ grpc: null, http: null });
  });

  it('says which port it cannot have', async () => {
    const { otlp } = await runningOperator({ otlpGrpcPort: 0 });
    await expect(runningOperator({ otlpGrpcPort: otlp.grpc })).rejects.toMatchObject({
      code: 'KG_CONFIG_INVALID',
    });
  });
});
