import type { JSX } from 'preact';
import {
  showMilliseconds,
  showPercent,
  visible,
  type KernelStats,
  type PodBirthCertificate,
  type TimelineEntry,
} from 'kernel-gossip-types';
import { birthDrawing, ticksOf, type Bar, type Part } from '../model/birth-lanes.ts';
import type { Figure } from '../model/figures.ts';
import { clockText } from '../model/moments.ts';
import { provenanceNote } from '../model/words.ts';
import { Amount } from './amount.tsx';
import { ProvenanceMark } from './marks.tsx';

export interface BirthOptions {
  readonly certificate: PodBirthCertificate;
  readonly now: number;
}

/** What happened while a pod was born, to scale, a lane for each who did something; and what the kernel counted. */
export function BirthCertificate({ certificate, now }: BirthOptions): JSX.Element {
  const { spec, status } = certificate;
  const note = provenanceNote(spec.provenance);
  return (
    <section class="card" aria-label="Birth certificate">
      <h3>
        Birth certificate <ProvenanceMark provenance={spec.provenance} />
      </h3>
      {note === null ? null : <p class="note">{note}</p>}
      <Slowest certificate={certificate} />
      <p>{visible(status?.verdict ?? 'Not assessed yet.')}</p>
      <Timeline certificate={certificate} />
      <Counted certificate={certificate} />
      {spec.incomplete === null ? null : <p class="note">{visible(spec.incomplete)}</p>}
      <p class="about">
        Recorded {clockText(Date.parse(spec.recorded_at), now)} by{' '}
        {visible(spec.source?.name ?? 'a source not stated')}
        {spec.source?.node_name == null ? '' : ` on ${visible(spec.source.node_name)}`}.
      </p>
    </section>
  );
}

/** A length, with how far a coarse clock may be off. */
const offText = (length: number, resolution: number | null): string =>
  showMilliseconds(length) + (resolution === null ? '' : ` ±${showMilliseconds(resolution)}`);

function Slowest({
  certificate: { status, spec },
}: {
  readonly certificate: PodBirthCertificate;
}): JSX.Element | null {
  const slowest = status?.slowest_phase ?? null;
  if (slowest === null) return null;
  const about = `Computed from the timeline of ${spec.source?.name ?? 'a source not stated'}`;
  return (
    <p class="insight">
      Slowest: {slowest.actor} {visible(slowest.action)},{' '}
      <Amount figure={{ text: offText(slowest.duration_ms, slowest.resolution_ms), about }} />
      {slowest.share_percent === null ? null : (
        <>
          , <Amount figure={{ text: showPercent(slowest.share_percent), about }} /> of the whole
        </>
      )}
    </p>
  );
}

function Timeline({ certificate }: { readonly certificate: PodBirthCertificate }): JSX.Element {
  const { endMs, lanes } = birthDrawing(certificate);
  if (lanes.length === 0) {
    return (
      <p>
        Timeline: <Amount figure={{ text: null, about: 'Nobody told what happened when' }} />
      </p>
    );
  }
  return (
    <div class="timeline">
      <div class="axis" aria-hidden="true">
        {ticksOf(endMs).map((tick) => (
          <span key={tick} style={{ left: percent(endMs === 0 ? 0 : tick / endMs) }}>
            {showMilliseconds(tick)}
          </span>
        ))}
      </div>
      {lanes.map(({ actor, bars }) => (
        <section key={actor} class="lane" aria-label={actor}>
          <h4>{actor}</h4>
          <ol>
            {bars.map((bar, index) => (
              <LaneEntry key={index} bar={bar} />
            ))}
          </ol>
        </section>
      ))}
      <p class="about legend">
        <span class="key certain" /> going on <span class="key uncertain" /> within what its clock can tell{' '}
        <span class="key instant" /> begin; length not measured
      </p>
    </div>
  );
}

const percent = (share: number): string => `${share * 100}%`;
const place = ({ from, to }: Part): { readonly left: string; readonly width: string } => ({
  left: percent(from),
  width: percent(to - from),
});

function LaneEntry({ bar }: { readonly bar: Bar }): JSX.Element {
  const { entry, certain, uncertain, at, isSlowest } = bar;
  const whose =
    entry.container_name === null || entry.action.includes(entry.container_name)
      ? ''
      : ` (${entry.container_name})`;
  return (
    <li class={isSlowest ? 'slowest' : undefined}>
      <span class="what">
        {visible(`${entry.action}${whose}`)}
        {isSlowest ? <em> slowest</em> : null}
      </span>
      <span class="track" title={visible(aboutEntry(entry))}>
        {uncertain === null ? null : <span class="uncertain" style={place(uncertain)} />}
        {certain === null ? null : <span class="certain" style={place(certain)} />}
        {uncertain === null && certain === null ? (
          <span class="instant" style={{ left: percent(at) }} />
        ) : null}
      </span>
      <span class="took">
        <Amount figure={tookFigure(entry)} />
      </span>
    </li>
  );
}

const tookFigure = (entry: TimelineEntry): Figure => ({
  text: entry.duration_ms === null ? null : showMilliseconds(entry.duration_ms),
  about: aboutEntry(entry),
});

function aboutEntry(entry: TimelineEntry): string {
  const half = (entry.resolution_ms ?? 0) / 2;
  const began =
    half === 0
      ? showMilliseconds(entry.timestamp_ms)
      : `${showMilliseconds(entry.timestamp_ms + half)} ±${showMilliseconds(half)}`;
  const parts = [
    `began at ${began}`,
    entry.duration_ms === null ? 'length not measured' : `took ${showMilliseconds(entry.duration_ms)}`,
    `from ${entry.source ?? 'a source not stated'}`,
    ...(entry.clock === null ? [] : [`by the clock of the ${entry.clock}`]),
    ...(entry.details === null ? [] : [entry.details]),
  ];
  return parts.join('; ');
}

const COUNTS: readonly (readonly [keyof KernelStats, string])[] = [
  ['total_syscalls', 'System calls'],
  ['namespaces_created', 'Namespaces made'],
  ['cgroups_created', 'Cgroups made'],
  ['cgroup_writes', 'Cgroup writes'],
  ['mounts', 'Mounts'],
  ['network_links', 'Network links'],
  ['network_routes', 'Routes'],
  ['iptables_rules', 'Filter rules'],
  ['lost_events', 'Events lost'],
];

function Counted({ certificate: { spec } }: { readonly certificate: PodBirthCertificate }): JSX.Element {
  const { kernel_stats: stats } = spec;
  const about = `Kernel, by ${spec.source?.name ?? 'a source not stated'}; the birth as a whole, its sandbox and every container`;
  const total = stats.total_duration_ms;
  return (
    <dl class="counts-of-birth">
      <div>
        <dt>Took</dt>
        <dd>
          <Amount figure={{ text: total === null ? null : showMilliseconds(total), about }} />
        </dd>
      </div>
      {COUNTS.map(([field, name]) => {
        const value = stats[field];
        return (
          <div key={field}>
            <dt>{name}</dt>
            <dd>
              <Amount
                figure={{ text: typeof value === 'number' ? value.toLocaleString('en') : null, about }}
              />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
