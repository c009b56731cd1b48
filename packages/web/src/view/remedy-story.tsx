import type { JSX } from 'preact';
import {
  REMEDY_PHASE_WORDS,
  changeSent,
  changeText,
  isGivenUp,
  measuredMoments,
  showPercent,
  visible,
  type KernelWhisper,
  type Remedy,
} from 'kernel-gossip-types';
import { readingFigures, type Figure } from '../model/figures.ts';
import { clockText } from '../model/moments.ts';
import { Amount } from './amount.tsx';

export interface RemedyStoryOptions {
  readonly whisper: KernelWhisper;
  readonly remedy: Remedy;
  readonly now: number;
}

/** What was proposed or done, and what the kernel counted before and after. */
export function RemedyStory({ whisper, remedy, now }: RemedyStoryOptions): JSX.Element {
  const change = changeText(remedy.from, remedy.to);
  const failed = (remedy.checks ?? []).filter(({ passed }) => !passed);
  return (
    <>
      <h4>Remedy: {remedy.phase}</h4>
      <p>
        {change === null ? null : <strong>{change}</strong>} {REMEDY_PHASE_WORDS[remedy.phase]}.{' '}
        {visible(remedy.message)}
      </p>
      <BeforeAfter whisper={whisper} remedy={remedy} now={now} />
      <Improvement remedy={remedy} />
      {failed.length === 0 ? null : (
        <ul class="evidence">
          {failed.map(({ name, message }) => (
            <li key={name}>
              {visible(name)}: {visible(message)}
            </li>
          ))}
        </ul>
      )}
      <p class="about">{when(remedy, now)}</p>
    </>
  );
}

const NOT_READ: Figure = { text: null, about: 'The kernel was not read then' };

function BeforeAfter({ whisper, remedy, now }: RemedyStoryOptions): JSX.Element {
  const of = whisper.spec.kind === 'memory_pressure' ? 'memory' : 'cpu';
  const columns = measuredMoments(whisper.status?.measured ?? null, remedy).map(({ name, pair }) => {
    const reading = pair?.container ?? null;
    return { name, figures: new Map(reading === null ? [] : readingFigures(reading, of, now)) };
  });
  const rows = new Set(columns.flatMap(({ figures }) => [...figures.keys()]));
  if (rows.size === 0) {
    return (
      <p>
        Before and after: <Amount figure={NOT_READ} />
      </p>
    );
  }
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Container {visible(remedy.container_name)}</th>
          {columns.map(({ name }) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...rows].map((row) => (
          <tr key={row}>
            <th scope="row">{row}</th>
            {columns.map(({ name, figures }) => (
              <td key={name}>
                <Amount figure={figures.get(row) ?? NOT_READ} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Improvement({ remedy }: { readonly remedy: Remedy }): JSX.Element | null {
  const { improvement_percent: percent } = remedy;
  if (percent === null) return null;
  return (
    <p>
      {isGivenUp(remedy) ? 'While it was tried, the kernel withheld' : 'The kernel withholds'}{' '}
      <Amount
        figure={{
          text: `${showPercent(Math.abs(percent))} ${percent < 0 ? 'more' : 'less'}`,
          about: 'Computed from the two windows above: time withheld per second, before and after',
        }}
      />{' '}
      run time than before.
    </p>
  );
}

function when(remedy: Remedy, now: number): string {
  const { mode, decided_by: by, ...times } = remedy;
  const moments = [
    ['began', times.started_at],
    ['sent', changeSent(remedy) === null ? null : times.applied_at],
    ['decided', times.decided_at],
    ['not again before', times.next_attempt_at],
  ] as const;
  const told = moments.flatMap(([what, at]) =>
    at === null ? [] : [`${what} ${clockText(Date.parse(at), now)}`],
  );
  return visible([`Mode ${mode}${by === null ? '' : ` (${by})`}`, ...told].join('; '));
}
