import type { JSX } from 'preact';
import { CAUSE_WORDS, showPercent, visible, type KernelWhisper } from 'kernel-gossip-types';
import { phaseOf } from '../model/filters.ts';
import { figuresOf, kernelAbout, type Figure, type FigureRow } from '../model/figures.ts';
import { agoText, clockText } from '../model/moments.ts';
import { subjectOf } from '../model/pod-tracks.ts';
import { KIND_WORDS, provenanceNote } from '../model/words.ts';
import { Amount } from './amount.tsx';
import { ProvenanceMark, SeverityMark } from './marks.tsx';
import { RemedyStory } from './remedy-story.tsx';
import { TrafficDuring } from './traffic-during.tsx';

export interface WhisperStoryOptions {
  readonly whisper: KernelWhisper;
  readonly now: number;
}

/** One whisper: what it is, the figures of kernel and metrics, why, and what to do. */
export function WhisperStory({ whisper, now }: WhisperStoryOptions): JSX.Element {
  const { spec, status } = whisper;
  const title = `${KIND_WORDS[spec.kind]}, ${subjectOf(whisper)}`;
  const note = provenanceNote(spec.provenance);
  return (
    <section class="card" aria-label={title}>
      <h3>
        {title} <SeverityMark severity={spec.severity} /> <ProvenanceMark provenance={spec.provenance} />
      </h3>
      {note === null ? null : <p class="note">{note}</p>}
      <p class="insight">{visible(status?.insight ?? 'Not assessed yet.')}</p>
      <p>{visible(status?.kernel_evidence ?? '')}</p>
      <Figures rows={figuresOf(whisper, now)} />
      <Discrepancy whisper={whisper} />
      <p class="about">{visible(kernelAbout(whisper, now))}</p>
      <p class="about">{seen(whisper, now)}</p>
      <Why whisper={whisper} />
      <Advice whisper={whisper} />
      {status?.remedy == null ? null : <RemedyStory whisper={whisper} remedy={status.remedy} now={now} />}
      {status?.traffic == null ? null : <TrafficDuring traffic={status.traffic} now={now} />}
    </section>
  );
}

const Cell = ({ figure }: { readonly figure: Figure | null }): JSX.Element => (
  <td>{figure === null ? null : <Amount figure={figure} />}</td>
);

function Figures({ rows }: { readonly rows: readonly FigureRow[] }): JSX.Element {
  const isCompared = rows.some(({ metrics }) => metrics !== null);
  return (
    <table>
      <thead>
        <tr>
          <td />
          <th scope="col">Kernel</th>
          {isCompared ? <th scope="col">Metrics</th> : null}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, kernel, metrics }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <Cell figure={kernel} />
            {isCompared ? <Cell figure={metrics} /> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** By how much the metrics differ from the kernel, as the assessment says it. */
function Discrepancy({ whisper: { status } }: { readonly whisper: KernelWhisper }): JSX.Element | null {
  const percent = status?.metrics_comparison?.discrepancy_percent ?? null;
  if (percent === null) return null;
  return (
    <p>
      The metrics showed{' '}
      <Amount
        figure={{
          text: `${showPercent(Math.abs(percent))} ${percent < 0 ? 'more' : 'less'}`,
          about: 'Computed from the figures above: (kernel - metrics) / kernel',
        }}
      />{' '}
      CPU than the kernel counted.
    </p>
  );
}

function seen(whisper: KernelWhisper, now: number): string {
  const { spec, status } = whisper;
  const times = status?.observations ?? null;
  const ended =
    spec.ended_at === null
      ? ''
      : ` Over since ${clockText(Date.parse(spec.ended_at), now)}; the share measured then: ${spec.ended_percent === null ? 'not measured' : showPercent(spec.ended_percent)}.`;
  const withheld = status?.withheld ?? 0;
  const more = withheld === 0 ? '' : ` ${withheld} more of the same workload are counted here and not shown.`;
  return [
    `${phaseOf(whisper)}; began ${clockText(Date.parse(spec.detected_at), now)} (${agoText(spec.detected_at, now)} ago), `,
    times === null ? 'times seen: not counted yet' : `seen ${times} ${times === 1 ? 'time' : 'times'}`,
    `, last ${agoText(status?.last_seen ?? spec.detected_at, now)} ago.`,
    ended,
    more,
  ].join('');
}

function Why({ whisper: { status } }: { readonly whisper: KernelWhisper }): JSX.Element | null {
  const cause = status?.cause ?? null;
  if (cause === null) return null;
  return (
    <>
      <h4>Why</h4>
      <p>
        {capital(CAUSE_WORDS[cause.kind])} <code>{cause.kind}</code>
      </p>
      <ul class="evidence">
        {cause.evidence.map((text) => (
          <li key={text}>{visible(text)}</li>
        ))}
        {cause.would_tell === null ? null : <li>To know more: {visible(cause.would_tell)}</li>}
      </ul>
    </>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function Advice({ whisper: { status } }: { readonly whisper: KernelWhisper }): JSX.Element | null {
  const recommendation = status?.recommendation ?? null;
  if (recommendation === null) return null;
  return (
    <>
      <h4>What to do</h4>
      <p>
        {visible(recommendation)}
        {status?.priority == null ? null : ` (priority ${status.priority})`}
      </p>
    </>
  );
}
