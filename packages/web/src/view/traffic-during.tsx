import type { JSX } from 'preact';
import {
  showMilliseconds,
  showPercent,
  visible,
  type TrafficSpan,
  type TrafficSummary,
} from 'kernel-gossip-types';
import type { Figure } from '../model/figures.ts';
import { clockText } from '../model/moments.ts';
import { Amount } from './amount.tsx';
import { ProvenanceMark } from './marks.tsx';

/** What the pod answered before and during the episode. It coincides; that is no proof of cause, and so it says. */
export function TrafficDuring({
  traffic,
  now,
}: {
  readonly traffic: TrafficSummary;
  readonly now: number;
}): JSX.Element {
  const { before, during, latencies, source, provenance } = traffic;
  const moment = (when: string): string => clockText(Date.parse(when), now);
  const spanFigure = (span: TrafficSpan | null, value: string | null): Figure => ({
    text: span === null ? null : value,
    about:
      span === null
        ? `${source} told of no window before the episode`
        : `${source}; windows from ${moment(span.from)} to ${moment(span.to)}`,
  });
  const errors = (span: TrafficSpan | null): string | null =>
    span?.server_error_percent == null ? null : showPercent(span.server_error_percent);
  const p99 = (value: number | null, at: string | null): Figure => ({
    text: value === null ? null : showMilliseconds(value),
    about: `${source}; 99th percentile of the worst window${at === null ? '' : `, which ended ${moment(at)}`}`,
  });
  return (
    <>
      <h4>
        Requests meanwhile <ProvenanceMark provenance={provenance} />
      </h4>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">Before</th>
            <th scope="col">During</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Requests answered</th>
            <td>
              <Amount figure={spanFigure(before, before === null ? null : String(before.requests))} />
            </td>
            <td>
              <Amount figure={spanFigure(during, String(during.requests))} />
            </td>
          </tr>
          <tr>
            <th scope="row">Server errors</th>
            <td>
              <Amount figure={spanFigure(before, errors(before))} />
            </td>
            <td>
              <Amount figure={spanFigure(during, errors(during))} />
            </td>
          </tr>
          {latencies.map((one) => (
            <tr key={`${one.method} ${one.path}`}>
              <th scope="row">
                {one.method} {visible(one.path)}, p99
              </th>
              <td>
                <Amount figure={p99(one.before_p99_ms, one.before_p99_at)} />
              </td>
              <td>
                <Amount figure={p99(one.p99_ms, one.p99_at)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="about">
        As {visible(source)} saw it. It coincides with the episode; that is no proof of cause.
      </p>
    </>
  );
}
