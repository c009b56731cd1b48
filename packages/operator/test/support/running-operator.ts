import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { KernelWhisperList } from 'kernel-gossip-types';
import { DEFAULT_CONFIG, type OperatorConfig } from '../../src/config.ts';
import { startOperator, type RunningOperator } from '../../src/operator.ts';
import { sqliteBackend } from '../../src/sqlite-backend.ts';

export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
};

/** A real operator on a real SQLite file, gone when the test ends. */
export async function runningOperator(
  config: Partial<OperatorConfig> = {},
  dataDir = temporaryFolder(),
): Promise<RunningOperator> {
  const settings = { ...DEFAULT_CONFIG, port: 0, host: '127.0.0.1', ...config };
  const operator = await startOperator(settings, sqliteBackend(dataDir), pino({ level: 'silent' }));
  onTestFinished(() => operator.close());
  return operator;
}

export const post = (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(`${url}/webhook/pixie`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
  });

export const whispersOf = async (url: string): Promise<KernelWhisperList['items']> => {
  const response = await fetch(`${url}/api/v1alpha1/kernelwhispers`);
  return ((await response.json()) as KernelWhisperList).items;
};

/** An observation as the integration guide documents it, changed as a test needs it. */
export const throttle = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  type: 'cpu_throttle',
  pod_name: 'web-1',
  namespace: 'shop',
  container_name: 'app',
  throttle_percentage: 85.5,
  actual_cpu_usage: 0.98,
  reported_cpu_usage: 0.35,
  period_seconds: 60,
  timestamp: new Date().toISOString(),
  ...changes,
});
