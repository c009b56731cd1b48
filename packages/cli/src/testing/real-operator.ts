import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG, sqliteBackend, startOperator, type OperatorConfig } from 'kernel-gossip-operator';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';

/** Address of an operator of one machine, which lasts as long as the test. */
export async function realOperator(changes: Partial<OperatorConfig> = {}): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kgossip-test-'));
  const config = {
    ...DEFAULT_CONFIG,
    host: '127.0.0.1',
    port: 0,
    store: 'sqlite' as const,
    dataDir,
    ...changes,
  };
  const operator = await startOperator(config, sqliteBackend(dataDir), pino({ level: 'silent' }));
  onTestFinished(async () => {
    await operator.close();
    await rm(dataDir, { recursive: true });
  });
  return operator.url;
}
