import { basename } from 'node:path';
import { processIo } from './process-io.ts';
import { run } from './program.ts';

/** `kubectl gossip` runs `kubectl-gossip`: help then shows what the person typed. */
const name = basename(process.argv[1] ?? '').startsWith('kubectl-') ? 'kubectl gossip' : 'kgossip';

process.exitCode = await run(process.argv.slice(2), processIo(), name);
