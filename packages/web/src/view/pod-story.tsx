import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { visible, type KernelWhisper, type PodBirthCertificate, type PodTraffic } from 'kernel-gossip-types';
import { persist } from '../live/persist.ts';
import { urgentFirst, whisperKey } from '../model/groups.ts';
import type { App } from '../state/app.ts';
import { BirthCertificate } from './birth-certificate.tsx';
import { TimeAxis } from './time-axis.tsx';
import { WhisperStory } from './whisper-story.tsx';

export interface PodStoryOptions {
  readonly app: App;
  readonly namespace: string;
  readonly pod: string;
}

/** One pod: what is wrong with it, what metrics and kernel said of it on one axis, and how it was born. */
export function PodStory({ app, namespace, pod }: PodStoryOptions): JSX.Element {
  const whispers = urgentFirst(
    app.board.whispers.value
      .map(({ whisper }) => whisper)
      .filter(({ spec }) => spec.namespace === namespace && spec.pod_name === pod),
  );
  const certificates = useCertificates(app, { namespace, pod });
  const traffic = useTraffic(app, { namespace, pod });
  const workload = whispers.find(({ spec }) => spec.workload !== null)?.spec.workload;
  return (
    <article class="story" aria-labelledby="pod">
      <p class="crumbs">
        <a href={app.place.listHash.value}>← All whispers</a>
      </p>
      <h2 id="pod">{visible(pod)}</h2>
      <p class="subtitle">
        {visible(namespace)}
        {workload === undefined || workload === null
          ? null
          : ` · ${visible(`${workload.kind}/${workload.name}`)}`}
      </p>
      <Whispers app={app} whispers={whispers} traffic={traffic} />
      {certificates?.map((certificate) => (
        <BirthCertificate key={certificate.metadata.name} certificate={certificate} now={app.now.value} />
      ))}
      {certificates?.length === 0 ? (
        <section class="card" aria-label="Birth">
          <h3>Birth</h3>
          <p class="unmeasured">not recorded</p>
        </section>
      ) : null}
    </article>
  );
}

interface WhispersOptions {
  readonly app: App;
  readonly whispers: readonly KernelWhisper[];
  readonly traffic: PodTraffic | null;
}

function Whispers({ app, whispers, traffic }: WhispersOptions): JSX.Element {
  if (app.board.since.value === null) return <p class="nothing">Reading what the operator has…</p>;
  if (whispers.length === 0) {
    return (
      <p class="nothing">
        There is no whisper here about a pod of this name: nobody told of trouble, a whisper is withheld where
        there are many, or the name is wrong.
      </p>
    );
  }
  return (
    <>
      <TimeAxis app={app} whispers={whispers} traffic={traffic} />
      {whispers.map((whisper) => (
        <WhisperStory key={whisperKey(whisper)} whisper={whisper} now={app.now.value} />
      ))}
    </>
  );
}

interface Pod {
  readonly namespace: string;
  readonly pod: string;
}

/** What a pod has beside its whispers is asked for when its story is opened, and when the operator is back. */
function useRead(app: App, { namespace, pod }: Pod, read: (signal: AbortSignal) => Promise<void>): void {
  const isLive = app.connection.value.state === 'live';
  useEffect(() => {
    const leaving = new AbortController();
    // Where the operator is away, it is read once it is back; the head of the page says so.
    if (isLive) void persist(() => read(leaving.signal), leaving.signal);
    return () => {
      leaving.abort();
    };
  }, [namespace, pod, isLive]);
}

/** Null where nobody knows whether there are any. */
function useCertificates(app: App, of: Pod): readonly PodBirthCertificate[] | null {
  const read = useSignal<readonly PodBirthCertificate[] | null>(null);
  useRead(app, of, async (signal) => {
    const { items, unreadable } = await app.operator.certificates(of, signal);
    // What this page cannot read was recorded all the same.
    read.value = items.length === 0 && unreadable.length > 0 ? null : items;
  });
  // What came since then by the stream is newer.
  const heard = app.board.certificates.value.filter(
    ({ spec }) => spec.namespace === of.namespace && spec.pod_name === of.pod,
  );
  if (read.value === null && heard.length === 0) return null;
  const byName = new Map([...(read.value ?? []), ...heard].map((one) => [one.metadata.name, one]));
  return [...byName.values()].sort((a, b) => Date.parse(b.spec.recorded_at) - Date.parse(a.spec.recorded_at));
}

function useTraffic(app: App, of: Pod): PodTraffic | null {
  const read = useSignal<PodTraffic | null>(null);
  useRead(app, of, async (signal) => {
    read.value = await app.operator.traffic(of, signal);
  });
  return read.value;
}
