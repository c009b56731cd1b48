import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { DEFAULT_CONFIG, sqliteBackend, startOperator } from '../src/index.ts';

/** The operator on SQLite in a process of its own. Prints its port; tells its memory when asked by a line. */
const operator = await startOperator(
  { ...DEFAULT_CONFIG, port: 0, host: '127.0.0.1', maxWhispers: 100_000 },
  sqliteBackend(mkdtempSync(join(tmpdir(), 'kernel-gossip-bench-'))),
  pino({ level: 'silent' }),
);
process.stdout.write(`${new URL(operator.url).port}\n`);
// The load is gone, however it ended: so is this.
process.stdin.on('end', () => process.exit());
process.stdin.on('data', () => {
  globalThis.gc?.();
  process.stdout.write(`${process.memoryUsage.rss()}\n`);
});
