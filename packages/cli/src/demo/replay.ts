import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation, type Observation } from 'kernel-gossip-types';
import type { Target } from '../target/target.ts';
import { RECORDING } from './recording.ts';
import { awaitWhisper, DemoFailed, sendAll, type Teller } from './story.ts';

const WITHIN_MS = 10_000;

/** A recorded observation with its figures as they were, marked replayed, sent as of now: the intake refuses the far past. */
function replayed(recorded: unknown, now: number): Observation {
  const decoded = decodeObservation({
    ...(recorded as object),
    timestamp: new Date(now).toISOString(),
    provenance: 'replayed',
  });
  if (!isRight(decoded)) throw new DemoFailed('the recording cannot be read');
  return decoded.right;
}

/** The story where no cgroup may be made: observations recorded from a real run, played again and marked so. */
export async function tellReplay(why: string, target: Target, teller: Teller): Promise<void> {
  const { io } = teller;
  teller.chapter('Not live: a recording');
  teller.tell(`No process can be throttled here: ${why}`);
  teller.tell(
    `So an observation recorded on ${RECORDING.recordedAt} (${RECORDING.kernel}) is replayed. None of these figures was measured now; run the demo as root on a machine with cgroups for a live one.`,
  );
  const began = replayed(RECORDING.began, io.now());
  await sendAll(target, [began]);
  const isOurs = (pod: string): boolean => pod === began.pod_name;
  const open = await awaitWhisper(
    target,
    ({ spec, status }) => isOurs(spec.pod_name) && status?.phase === 'Open',
    { withinMs: WITHIN_MS, what: 'A whisper about the recorded process', signal: io.signal },
  );
  teller.chapter('The whisper that the operator filed, from the API');
  teller.whisper(open);
  await sendAll(target, [replayed(RECORDING.ended, io.now())]);
  const resolved = await awaitWhisper(
    target,
    ({ spec, status }) => isOurs(spec.pod_name) && status?.phase === 'Resolved',
    { withinMs: WITHIN_MS, what: 'The resolution of the whisper', signal: io.signal },
  );
  teller.chapter('The recording says that it is over');
  teller.tell(`kernelwhisper ${resolved.metadata.name}: ${resolved.status?.phase ?? ''} (replayed)`);
}
