import { observationOf } from 'kernel-gossip-pxl-scripts';
import { admitAnyone } from '../src/authn/authenticate.ts';
import { takeObservations } from '../src/intake/intake.ts';
import { startOtlpReceiver } from '../src/intake/otlp/otlp-receiver.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { pipeline } from './pipeline.ts';

/** The receiver in front of the whole intake, in a process of its own. Asked anything, it says how much CPU time it used. */
const { parts } = await pipeline(openSqliteStore('memory'));
const { grpcPort } = await startOtlpReceiver({
  grpcPort: 0,
  httpPort: null,
  host: '127.0.0.1',
  authenticate: admitAnyone,
  observationOf,
  take: (items, sender) => takeObservations(items, { sender, defaultSource: 'bench', position: null }, parts),
  count: () => undefined,
  onFailure: (error) => {
    throw error;
  },
});
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1e6);
});
process.send?.(grpcPort);
