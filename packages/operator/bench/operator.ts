import { pino } from 'pino';
import { DEFAULT_CONFIG, sqliteBackend, startOperator } from '../src/index.ts';

/** The operator on SQLite, in the folder that is named, in a process of its own. Prints its port; tells its memory when asked by a line. */
const operator = await startOperator(
  { ...DEFAULT_CONFIG, port: 0, host: '127.0.0.1', maxWhispers: 100_000 },
  sqliteBackend(process.argv[2] ?? '.'),
  pino({ level: 'silent' }),
);
process.stdout.write(`${new URL(operator.url).port}\n`);
// The load is gone, however it ended: so is this.
process.stdin.on('end', () => process.exit());
process.stdin.on('data', () => {
  globalThis.gc?.();
  process.stdout.write(`${process.memoryUsage.rss()}\n`);
});
