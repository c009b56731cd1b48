import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_CONFIG } from './config.ts';
import { startOperator } from './operator.ts';
import { sqliteBackend } from './sqlite-backend.ts';
import { temporaryFolder } from '../test/support/running-operator.ts';

it('does not start where tokens are asked for and nobody could check them', async () => {
  const backend = sqliteBackend(temporaryFolder());
  onTestFinished(() => backend.close());
  const config = { ...DEFAULT_CONFIG, port: 0, webhookAuth: 'token' as const };
  await expect(startOperator(config, backend, pino({ level: 'silent' }))).rejects.toThrow(
    'WEBHOOK_AUTH: token needs the store kubernetes',
  );
});
