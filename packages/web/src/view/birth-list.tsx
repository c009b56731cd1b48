import type { JSX } from 'preact';
import { showMilliseconds, visible, type PodBirthCertificate } from 'kernel-gossip-types';
import { agoText } from '../model/moments.ts';
import { podHash } from '../model/route.ts';
import type { App } from '../state/app.ts';
import { Amount } from './amount.tsx';
import { ProvenanceMark } from './marks.tsx';

/** The newest births. */
export function BirthList({ app }: { readonly app: App }): JSX.Element {
  const { board } = app;
  const now = app.now.value;
  return (
    <section class="births" aria-labelledby="births">
      <h2 id="births">Births, newest first</h2>
      {board.certificates.value.length === 0 ? (
        <p class="nothing">
          {board.since.value === null
            ? 'Reading what the operator has…'
            : 'No birth was recorded. New ones appear here by themselves.'}
        </p>
      ) : (
        <ul>
          {board.certificates.value.map((certificate) => (
            <BirthRow key={certificate.metadata.name} certificate={certificate} now={now} />
          ))}
        </ul>
      )}
    </section>
  );
}

function BirthRow({
  certificate,
  now,
}: {
  readonly certificate: PodBirthCertificate;
  readonly now: number;
}): JSX.Element {
  const { spec, status } = certificate;
  const about = `By ${spec.source?.name ?? 'a source not stated'}; the birth as a whole`;
  const total = spec.kernel_stats.total_duration_ms;
  const slowest = status?.slowest_phase ?? null;
  return (
    <li>
      <a class="birth" href={podHash(spec.namespace, spec.pod_name)}>
        <span class="who">
          <span class="pod">{visible(spec.pod_name)}</span>
          <span class="where">
            <ProvenanceMark provenance={spec.provenance} />
            {visible(spec.namespace)}
          </span>
        </span>
        <span>
          kernel: <Amount figure={{ text: total === null ? null : showMilliseconds(total), about }} />
        </span>
        <span class="cause">
          {slowest === null ? (
            'slowest phase not told'
          ) : (
            <>
              slowest: {slowest.actor} {visible(slowest.action)},{' '}
              <Amount figure={{ text: showMilliseconds(slowest.duration_ms), about }} />
            </>
          )}
        </span>
        <span class="phase">{agoText(spec.recorded_at, now)}</span>
      </a>
    </li>
  );
}
