import type { PodCreation } from 'kernel-gossip-types';
import { observationFrom } from '../send/fields.ts';
import { awaitFinding } from '../send/await-finding.ts';
import { drawCertificate } from '../render/birth-certificate.ts';
import type { Target } from '../target/target.ts';
import { DemoFailed, sendAll, type Teller } from './story.ts';

const WITHIN_MS = 10_000;

/** A birth made up by hand, as `kgossip send-birth` would send it: marked synthetic, like everything it sends. */
const exampleBirth = (now: number): PodCreation => {
  const observation = observationFrom(
    'pod_creation',
    {
      pod: 'web-1',
      namespace: 'shop',
      totalSyscalls: '847',
      duration: '2500',
      namespacesCreated: '6',
      cgroupWrites: '23',
      syscalls: ['clone,execve,mount,open'],
      timeline: [
        '0~1000 scheduler assign the pod to a node',
        '180+140 kubelet accept the pod and make its cgroup',
        '330+960 runtime create the sandbox and its network',
        '420+60 kernel create the namespaces',
        '1310+900 runtime create the container',
        '2240 kernel execute the first program',
      ],
    },
    now,
  );
  if (observation.type !== 'pod_creation') throw new DemoFailed('the example birth is no birth');
  return observation;
};

/** Sends a birth by hand and prints the certificate that became of it. */
export async function tellBirth(target: Target, teller: Teller): Promise<void> {
  const { io, width } = teller;
  teller.chapter('A birth certificate, from an observation sent by hand (synthetic)');
  const birth = exampleBirth(io.now());
  await sendAll(target, [birth]);
  const filed = await awaitFinding(target, birth, WITHIN_MS, io.signal);
  if (filed?.kind !== 'PodBirthCertificate') throw new DemoFailed('No birth certificate was filed.');
  teller.say(drawCertificate(filed.object, { chalk: io.chalk, width, now: io.now() }));
}
