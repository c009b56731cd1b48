import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import { visible, type KernelWhisper, type PodTraffic } from 'kernel-gossip-types';
import { whisperKey } from '../model/groups.ts';
import { clockText } from '../model/moments.ts';
import { toldBy } from '../model/history.ts';
import { drawable, extentOf, trafficPanels, type Panel } from '../model/pod-tracks.ts';
import type { App } from '../state/app.ts';
import { Chart } from './chart.tsx';

export interface TimeAxisOptions {
  readonly app: App;
  readonly whispers: readonly KernelWhisper[];
  readonly traffic: PodTraffic | null;
}

const MINUTE = 60_000;
const RANGES = [
  ['10 min', 10 * MINUTE],
  ['1 h', 60 * MINUTE],
  ['All', Infinity],
] as const;
/** The axis of what goes on moves on this often; a chart is costly to draw. */
const MOVES_EVERY_MS = 5000;

/** What metrics said and what the kernel said, and what was done about it, on one axis of time. */
export function TimeAxis({ app, whispers, traffic }: TimeAxisOptions): JSX.Element | null {
  const range = useSignal<number>(Infinity);
  const cursor = useSignal<number | null>(null);
  const now = Math.ceil(app.now.value / MOVES_EVERY_MS) * MOVES_EVERY_MS;
  const told = whispers.map((whisper) => app.board.history.get(whisperKey(whisper)) ?? toldBy(whisper));
  const panels = [...drawable(told.flatMap((one) => one.panels)), ...trafficPanels(traffic)];
  const marks = told.flatMap((one) => one.marks);
  const episodes = told.flatMap((one) => one.episodes);
  const extent = extentOf(panels, marks);
  if (extent === null) return null;
  const isOver = episodes.every(({ to }) => to !== null);
  const to = Math.max(extent.to, isOver ? 0 : now);
  const from = Math.max(extent.from, to - range.value);
  // Room around, so that nothing touches the edge, and a single moment has an axis too.
  const room = Math.max(5000, (to - from) * 0.03);
  const axis = { from: from - room, to: to + room };
  const since = app.board.since.value;
  return (
    <section class="card axis-of-time" aria-label="What metrics said and what the kernel said">
      <h3>
        Metrics and kernel, on one axis
        <span class="ranges" role="group" aria-label="Length of the axis">
          {RANGES.map(([name, length]) => (
            <button
              key={name}
              type="button"
              class="quiet"
              aria-pressed={range.value === length}
              onClick={() => {
                range.value = length;
              }}
            >
              {name}
            </button>
          ))}
        </span>
      </h3>
      {panels.map((panel, index) => (
        <Chart
          key={panel.key}
          panel={panel}
          axis={axis}
          episodes={episodes}
          marks={marks}
          isFirst={index === 0}
          isLast={index === panels.length - 1}
          cursor={cursor}
          theme={app.theme.theme.value}
        />
      ))}
      {marks.length === 0 ? null : (
        <p class="about">
          Upright lines: {visible(marks.map(({ at, text }) => `${clockText(at, now)} ${text}`).join('; '))}.
        </p>
      )}
      <p class="about">
        Each line is a figure over the window that it covers. Where there is none, this page has no figure:
        what repeats itself with little change is only counted. Shaded: from when it was told until it was
        over.{' '}
        {since === null
          ? null
          : `This page has listened since ${clockText(since, now)}; of what was before, it has what stands on the whispers.`}
      </p>
      <Spans panels={panels} now={now} />
    </section>
  );
}

const MOST_SPANS = 200;

/** The same for those who do not see the drawing, and for those who want the figures. */
function Spans({ panels, now }: { readonly panels: readonly Panel[]; readonly now: number }): JSX.Element {
  const rows = panels
    .flatMap(({ key, title, show, tracks }) =>
      tracks.flatMap(({ name, spans }) =>
        spans.map((span) => ({ key: `${key}/${name}`, title, name, show, ...span })),
      ),
    )
    .sort((a, b) => b.to - a.to)
    .slice(0, MOST_SPANS);
  return (
    <details>
      <summary>These figures as a table</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">What</th>
            <th scope="col">Figure</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, title, name, show, from, to, value }) => (
            <tr key={`${key}/${from}/${to}`}>
              <td>{from === to ? <span class="unmeasured">not stated</span> : clockText(from, now)}</td>
              <td>{clockText(to, now)}</td>
              <td>{visible(`${title}. ${name}`)}</td>
              <td>{show(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
