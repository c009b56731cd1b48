import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { visible, type PodBirthCertificate, type PodCreation } from 'kernel-gossip-types';
import { observationFrom } from '../send/fields.ts';
import { awaitFinding, isAssessed } from '../send/await-finding.ts';
import { drawCertificate } from '../render/birth-certificate.ts';
import type { Target } from '../target/target.ts';
import type { OneMachine } from '../up/one-machine.ts';
import { runContainer } from './container.ts';
import { DemoFailed, sendAll, wait, type Teller } from './story.ts';

const WITHIN_MS = 10_000;
const POLL_MS = 100;

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

/** The real one where one may be had; otherwise one that is made up, and why. Answers whose birth it was. */
export async function tellBirth(machine: OneMachine, target: Target, teller: Teller): Promise<string> {
  const real = await bearContainer(machine, target, teller.io.signal);
  if (typeof real === 'string') return tellExample(real, target, teller);
  tellReal(real, teller);
  return real.spec.pod_name;
}

function tellReal(certificate: PodBirthCertificate, teller: Teller): void {
  teller.chapter('The birth of a container, as the kernel saw it');
  teller.tell(
    "runc started a container that does nothing and ends. The tracer followed its processes from the first to the container's own program, and counted what they asked of the kernel.",
  );
  teller.say('');
  show(certificate, teller);
}

function show(certificate: PodBirthCertificate, teller: Teller): void {
  const { io, width } = teller;
  teller.say(drawCertificate(certificate, { chalk: io.chalk, width, now: io.now() }));
}

/** Sends a birth by hand and prints the certificate that became of it. */
async function tellExample(why: string, target: Target, teller: Teller): Promise<string> {
  teller.chapter('A birth certificate, from an observation sent by hand (synthetic)');
  teller.tell(`No birth can be seen here: ${visible(why)}`);
  teller.say('');
  const birth = exampleBirth(teller.io.now());
  await sendAll(target, [birth]);
  const filed = await awaitFinding(target, birth, WITHIN_MS, teller.io.signal);
  if (filed?.kind !== 'PodBirthCertificate') throw new DemoFailed('No birth certificate was filed.');
  show(filed.object, teller);
  return filed.object.spec.pod_name;
}

/**
 * Starts a container and answers its certificate, or why there is none. The tracer counts system calls only while a birth is
 * open, and begins when it sees the first: so one is born before, and the next one is counted from its first instruction.
 */
async function bearContainer(
  { births }: OneMachine,
  target: Target,
  signal: AbortSignal,
): Promise<PodBirthCertificate | string> {
  if (births === null) return 'this machine is not observed.';
  if (!births.measured) return `${births.text}.`;
  const folder = await mkdtemp(join(tmpdir(), 'kernel-gossip-demo-'));
  const name = `kernel-gossip-demo-birth-${process.pid}`;
  try {
    for (const each of [`${name}-0`, name]) {
      const why = await runContainer(folder, each, signal);
      if (why !== null) return why;
    }
    return (await awaitCertificate(target, name, signal)) ?? 'the tracer did not tell of the container.';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function awaitCertificate(
  target: Target,
  pod: string,
  signal: AbortSignal,
): Promise<PodBirthCertificate | null> {
  const deadline = performance.now() + WITHIN_MS;
  while (performance.now() < deadline) {
    const { items } = await target.list('PodBirthCertificate', null);
    const found = items.find(({ spec }) => spec.pod_name === pod);
    if (found !== undefined && isAssessed(found)) return found;
    await wait(POLL_MS, signal);
  }
  return null;
}
