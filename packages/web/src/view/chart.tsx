import { visible, type Episode, type RemedyMoment } from 'kernel-gossip-types';
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { clockText } from '../model/moments.ts';
import { valueAt, type Panel, type Span, type Voice } from '../model/pod-tracks.ts';
import type { Theme } from '../state/theme.ts';

/** A stretch of time, in milliseconds. */
export interface Axis {
  readonly from: number;
  readonly to: number;
}

export interface ChartOptions {
  readonly panel: Panel;
  readonly axis: Axis;
  readonly episodes: readonly Episode[];
  readonly marks: readonly RemedyMoment[];
  /** The first of several panels says what the marks mean. */
  readonly isFirst: boolean;
  /** The last of several panels carries the axis of time. */
  readonly isLast: boolean;
  /** The moment that is pointed at, on all panels, in milliseconds. */
  readonly cursor: Signal<number | null>;
  readonly theme: Theme;
}

/** It may have been measured; nobody told this page. */
const NO_FIGURE = 'no figure';
const HEIGHT = 96;
const AXIS_HEIGHT = 26;
const SCALE_WIDTH = 76;
const TIME_WIDTH = 60;
/** Windows that are closer than this follow each other. */
const ADJACENT_MS = 300;

/** One panel: uPlot keeps scales, axes and cursor; windows are drawn by ourselves, since a figure covers its window. */
export function Chart(options: ChartOptions): JSX.Element {
  const { panel, axis, theme, cursor } = options;
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef(options);
  const plot = useRef<uPlot | null>(null);
  latest.current = options;
  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const made = makePlot(current, latest);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize(sizeOf(current, latest.current));
    });
    observer.observe(current);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
    // Colours are read from the style sheet when the plot is made.
  }, [theme, options.isLast]);
  useEffect(() => {
    plot.current?.setData(dataOf(axis));
  });
  return (
    <figure class="chart">
      <figcaption>
        {visible(panel.title)}
        <span class="readout">
          {panel.tracks.map((track) => (
            <span key={track.name}>
              <span class={`key ${track.voice}`} aria-hidden="true" />
              {visible(track.name)}{' '}
              <b>{readout(track.spans, valueAt(track, cursor.value ?? NaN), cursor.value, panel)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={box}
        role="img"
        aria-label={`${visible(panel.title)}, drawn over time; the table below has its figures`}
      />
    </figure>
  );
}

function readout(
  spans: readonly Span[],
  pointed: number | null,
  cursor: number | null,
  panel: Panel,
): string {
  if (cursor !== null) return pointed === null ? NO_FIGURE : panel.show(pointed);
  const last = spans.at(-1);
  return last === undefined ? NO_FIGURE : panel.show(last.value);
}

const dataOf = ({ from, to }: Axis): uPlot.AlignedData => [
  [from / 1000, to / 1000],
  [null, null],
];

/** The latest options, which hooks of the plot read when they draw. */
interface Latest {
  readonly current: ChartOptions;
}

type Colours = Readonly<Record<Voice | 'ink' | 'line' | 'episode' | 'mark', string>>;

/** What is drawn and written with. */
type Pen = Colours & { readonly font: string };

function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement('i');
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    kernel: colour('accent'),
    metrics: colour('ink-2'),
    limit: colour('ink'),
    withheld: colour('critical'),
    ink: colour('ink-2'),
    line: colour('line'),
    episode: colour('shade'),
    mark: colour('accent'),
  };
  probe.remove();
  return colours;
}

function topOf({ panel }: ChartOptions): number {
  const values = panel.tracks.flatMap(({ spans }) => spans.map(({ value }) => value));
  return panel.top ?? (Math.max(...values, 0) * 1.15 || 1);
}

const sizeOf = (
  box: HTMLElement,
  { isLast }: ChartOptions,
): { readonly width: number; readonly height: number } => ({
  width: box.clientWidth,
  height: HEIGHT + (isLast ? AXIS_HEIGHT : 0),
});

/** Times of the axis: with seconds only where they are not all whole minutes. */
function timeLabels(moments: readonly number[]): string[] {
  const isWhole = moments.every((moment) => moment % 60 === 0);
  return moments.map((moment) => clockText(moment * 1000, moment * 1000).slice(0, isWhole ? 5 : 8));
}

function makePlot(box: HTMLElement, latest: Latest): uPlot {
  const colours = coloursOf(box);
  const font = `11px ${getComputedStyle(box).fontFamily}`;
  const look = {
    stroke: colours.ink,
    font,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      ...sizeOf(box, latest.current),
      padding: [8, TIME_WIDTH / 2, 4, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: 'pod' } },
      scales: { x: { time: true }, y: { range: () => [0, topOf(latest.current)] } },
      series: [{}, { show: false }],
      axes: [
        {
          ...look,
          space: TIME_WIDTH * 1.4,
          size: latest.current.isLast ? AXIS_HEIGHT : 0,
          values: (_plot, splits) => (latest.current.isLast ? timeLabels(splits) : splits.map(() => '')),
        },
        {
          ...look,
          size: SCALE_WIDTH,
          space: 24,
          values: (_plot, splits) => splits.map((value) => latest.current.panel.show(value)),
        },
      ],
      hooks: {
        drawClear: [(plot) => drawEpisodes(plot, latest.current, colours)],
        draw: [(plot) => drawFigures(plot, latest.current, { ...colours, font })],
        setCursor: [
          (plot) => {
            const { left } = plot.cursor;
            const isIn = left != null && left >= 0;
            latest.current.cursor.value = isIn ? plot.posToVal(left, 'x') * 1000 : null;
          },
        ],
      },
    },
    dataOf(latest.current.axis),
    box,
  );
}

const x = (plot: uPlot, moment: number): number => Math.round(plot.valToPos(moment / 1000, 'x', true));
const y = (plot: uPlot, value: number): number => Math.round(plot.valToPos(value, 'y', true));

function drawEpisodes(plot: uPlot, { episodes, axis }: ChartOptions, { episode }: Colours): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = episode;
  for (const { from, to } of episodes) {
    const left = x(plot, Math.max(from, axis.from));
    const right = x(plot, Math.min(to ?? axis.to, axis.to));
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

function drawFigures(plot: uPlot, { panel, marks, isFirst }: ChartOptions, colours: Pen): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { voice, spans } of panel.tracks) drawSpans(plot, spans, voice, colours[voice]);
  drawMarks(plot, marks, isFirst, colours);
  ctx.restore();
}

const DASHES: Readonly<Record<Voice, readonly number[]>> = {
  kernel: [],
  metrics: [6, 4],
  limit: [2, 3],
  withheld: [],
};

function drawSpans(plot: uPlot, spans: readonly Span[], voice: Voice, colour: string): void {
  const { ctx } = plot;
  const ratio = window.devicePixelRatio;
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = (voice === 'limit' ? 1.5 : 2) * ratio;
  ctx.setLineDash(DASHES[voice].map((length) => length * ratio));
  let before: Span | null = null;
  for (const span of spans) {
    const left = x(plot, span.from);
    // A window of no stated length is a moment; it is seen all the same.
    const right = Math.max(x(plot, span.to), left + 3 * ratio);
    const top = y(plot, span.value);
    ctx.beginPath();
    if (before !== null && Math.abs(span.from - before.to) < ADJACENT_MS) {
      ctx.moveTo(left, y(plot, before.value));
      ctx.lineTo(left, top);
    } else ctx.moveTo(left, top);
    ctx.lineTo(right, top);
    ctx.stroke();
    if (voice === 'withheld') {
      ctx.globalAlpha = 0.22;
      ctx.fillRect(left, top, right - left, y(plot, 0) - top);
      ctx.globalAlpha = 1;
    }
    before = span;
  }
}

/** A line for each mark, and where there is room, its words. */
function drawMarks(plot: uPlot, marks: readonly RemedyMoment[], areNamed: boolean, colours: Pen): void {
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio;
  const gap = 4 * ratio;
  ctx.strokeStyle = colours.mark;
  ctx.fillStyle = colours.mark;
  ctx.lineWidth = ratio;
  ctx.font = colours.font.replace('11px', `${11 * ratio}px`);
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  ctx.setLineDash([]);
  marks.forEach(({ at, text }, index) => {
    const left = x(plot, at);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    const next = marks[index + 1];
    const end = next === undefined ? bbox.left + bbox.width : x(plot, next.at);
    const hasRoom = left + gap + ctx.measureText(text).width <= end;
    if (areNamed && hasRoom) ctx.fillText(text, left + gap, bbox.top + gap / 2);
  });
}
