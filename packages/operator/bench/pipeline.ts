import type { Store } from '../src/store/port.ts';
import { CertificateLedger } from '../src/ledger/certificate-ledger.ts';
import { MeasurementLedger } from '../src/ledger/measurement-ledger.ts';
import { TrafficLedger } from '../src/ledger/traffic-ledger.ts';
import { WhisperLedger } from '../src/ledger/whisper-ledger.ts';
import { takeIn, type IntakeParts } from '../src/intake/intake.ts';
import { NumberedStreams } from '../src/intake/numbered-streams.ts';
import { ObjectIndex } from '../src/store/object-index.ts';

export interface Pipeline {
  readonly parts: IntakeParts;
  readonly whispers: WhisperLedger;
  readonly take: (body: Uint8Array) => Promise<void>;
}

/** Decode, merge and store, without HTTP around them. */
export async function pipeline(store: Store): Promise<Pipeline> {
  const index = new ObjectIndex('KernelWhisper');
  const births = new ObjectIndex('PodBirthCertificate');
  const never = new AbortController().signal;
  void index.follow(store, never);
  void births.follow(store, never);
  await Promise.all([index.synced, births.synced]);
  const whispers = new WhisperLedger(store, index, { maxWhispers: 100_000 });
  const parts: IntakeParts = {
    whispers,
    certificates: new CertificateLedger(store, births, 100_000),
    measurements: new MeasurementLedger(store, index),
    traffic: new TrafficLedger(store, index),
    directory: null,
    maySend: () => Promise.resolve(false),
    isSynced: () => true,
    now: Date.now,
    count: () => undefined,
    streams: new NumberedStreams(() => undefined),
  };
  return {
    parts,
    whispers,
    take: async (body) => {
      const { status } = await takeIn(
        body,
        { sender: { kind: 'anyone' }, defaultSource: 'bench', position: null },
        parts,
      );
      if (status !== 202) throw new Error(`answered ${status}`);
    },
  };
}
