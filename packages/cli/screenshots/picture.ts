import { widthOf } from '../src/terminal/width.ts';
import { GROUND, inkOf, linesOf, thinned, type Run } from './colours.ts';

/** A cell of the terminal, in units of the picture. */
const WIDTH = 8.4;
const HEIGHT = 18;
const BASELINE = 13;
const FONT_SIZE = 14;
const MARGIN = 16;
/** Lines reach so far into the next cell that no seam is seen at any scale. */
const OVERLAP = 0.3;
/** Of a double line, from the middle. */
const APART = 1.5;
const LINE = 1.2;
/** How dense the light shade is. */
const SHADE = 0.3;

/** Where cells of one sign lie. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly count: number;
}

const round = (value: number): number => Math.round(value * 100) / 100;

const box = ({ x, y, count }: Place, height: number, fill: string): string =>
  `<rect x="${round(x)}" y="${round(y + HEIGHT - height)}" width="${round(count * WIDTH)}" height="${round(height)}" fill="${fill}" shape-rendering="crispEdges"/>`;

/** Blocks by their eighths. */
const BLOCKS = ' ▁▂▃▄▅▆▇█';

const across = ({ x, y, count }: Place, from: number): string =>
  `M${round(x - OVERLAP)} ${round(y + HEIGHT / 2 + from)}h${round(count * WIDTH + 2 * OVERLAP)}`;
const down = ({ x, y, count }: Place, from: number): string =>
  Array.from(
    { length: count },
    (_, at) =>
      `M${round(x + (at + 0.5) * WIDTH + from)} ${round(y - OVERLAP)}v${round(HEIGHT + 2 * OVERLAP)}`,
  ).join('');
/** From the right or left edge to the middle, and on to the upper or lower one. */
const corner = ({ x, y }: Place, right: boolean, low: boolean): string =>
  [-APART, APART]
    .map((from) => {
      const turn = right === low ? from : -from;
      const edge = right ? x + WIDTH + OVERLAP : x - OVERLAP;
      const end = low ? y + HEIGHT + OVERLAP : y - OVERLAP;
      return `M${round(edge)} ${round(y + HEIGHT / 2 + from)}H${round(x + WIDTH / 2 + turn)}V${round(end)}`;
    })
    .join('');
/** From the middle to the right or left edge. */
const branch = ({ x, y }: Place, right: boolean): string =>
  `M${round(x + WIDTH / 2 + (right ? APART : -APART))} ${round(y + HEIGHT / 2)}H${round(right ? x + WIDTH + OVERLAP : x - OVERLAP)}`;

const LINES: Readonly<Record<string, (place: Place) => string>> = {
  '─': (place) => across(place, 0),
  '│': (place) => down(place, 0),
  '═': (place) => across(place, -APART) + across(place, APART),
  '║': (place) => down(place, -APART) + down(place, APART),
  '╔': (place) => corner(place, true, true),
  '╗': (place) => corner(place, false, true),
  '╚': (place) => corner(place, true, false),
  '╝': (place) => corner(place, false, false),
  '╟': (place) => down(place, -APART) + down(place, APART) + branch(place, true),
  '╢': (place) => down(place, -APART) + down(place, APART) + branch(place, false),
};

/** Lines and blocks must meet their neighbours, which no two fonts draw alike: they are drawn here. */
function drawn(sign: string, place: Place, ink: string): string {
  if (sign === '░') return box(place, HEIGHT, thinned(ink, SHADE));
  const eighths = BLOCKS.indexOf(sign);
  if (eighths > 0) return box(place, (HEIGHT * eighths) / 8, ink);
  const line = LINES[sign];
  if (line === undefined) throw new Error(`a sign that cannot be drawn: ${sign}`);
  return `<path d="${line(place)}" stroke="${ink}"/>`;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Whatever font there is, each word begins and ends where its cells do. */
function written(text: string, { x, y }: Place, fill: string, isBold: boolean): string {
  const safe = text.replace(/[&<>]/g, (sign) => ESCAPED[sign] ?? sign);
  return `<text x="${round(x)}" y="${round(y + BASELINE)}" textLength="${round(widthOf(text) * WIDTH)}" fill="${fill}"${isBold ? ' font-weight="bold"' : ''}>${safe}</text>`;
}

/** Spaces, one sign of "Box Drawing" and "Block Elements" as often as it comes, or words with single spaces between them. */
const SEGMENT = / +|([\u2500-\u259f])\1*|[^ \u2500-\u259f]+(?: [^ \u2500-\u259f]+)*/g;

function runDrawn({ text, style }: Run, left: number, y: number): readonly string[] {
  const colour = inkOf(style);
  const ink = style.isInverse ? GROUND : colour;
  const ground = style.isInverse ? [box({ x: left, y, count: widthOf(text) }, HEIGHT, colour)] : [];
  const segments = Array.from(text.matchAll(SEGMENT)).flatMap(({ 0: segment, 1: sign, index }) => {
    const place = { x: left + widthOf(text.slice(0, index)) * WIDTH, y, count: widthOf(segment) };
    if (segment.startsWith(' ')) return [];
    return sign === undefined ? written(segment, place, ink, style.isBold) : drawn(sign, place, ink);
  });
  return [...ground, ...segments];
}

function lineDrawn(runs: readonly Run[], y: number): string {
  let x = MARGIN;
  return runs
    .flatMap((run) => {
      const shapes = runDrawn(run, x, y);
      x += widthOf(run.text) * WIDTH;
      return shapes;
    })
    .join('\n');
}

/** A screen with the sequences of its colours as SVG, as high as what is on it. */
export function pictureOf(screen: string, columns: number): string {
  const all = linesOf(screen);
  const isWritten = (runs: readonly Run[]): boolean => runs.some(({ text }) => text.trim() !== '');
  const lines = all.slice(0, all.findLastIndex(isWritten) + 1);
  const width = round(columns * WIDTH + 2 * MARGIN);
  const height = round(lines.length * HEIGHT + 2 * MARGIN);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}" stroke-width="${LINE}" fill="none">
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
${lines.map((runs, row) => lineDrawn(runs, MARGIN + row * HEIGHT)).join('\n')}
</svg>
`;
}
