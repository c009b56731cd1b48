/** The sixteen colours of a terminal, the dark ones first. */
const COLOURS = [
  ...['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'],
];
const INK = '#d7dde4';
export const GROUND = '#0d1117';
const DIM = 0.6;

/** How a text looks. */
export interface Style {
  readonly ink: string;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isInverse: boolean;
}

/** Text of one look. */
export interface Run {
  readonly text: string;
  readonly style: Style;
}

const PLAIN: Style = { ink: INK, isBold: false, isDim: false, isInverse: false };

/** So much of an ink on the ground. */
export function thinned(ink: string, share: number): string {
  const part = (colour: string, at: number): number => parseInt(colour.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => Math.round(part(ink, at) * share + part(GROUND, at) * (1 - share)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** The colour of what is written, before it is exchanged with the ground. */
export const inkOf = ({ ink, isDim }: Style): string => (isDim ? thinned(ink, DIM) : ink);

/** What each number of SGR changes (ECMA-48, 8.3.117), as far as chalk sends it for what we paint. */
const CHANGES: Readonly<Record<number, Partial<Style>>> = {
  ...Object.fromEntries(COLOURS.map((ink, at) => [at < 8 ? 30 + at : 90 + at - 8, { ink }])),
  0: PLAIN,
  1: { isBold: true },
  2: { isDim: true },
  7: { isInverse: true },
  22: { isBold: false, isDim: false },
  27: { isInverse: false },
  39: { ink: INK },
  // The ground's own colour: it is never another one.
  49: {},
};

function styled(style: Style, code: number): Style {
  const change = CHANGES[code];
  if (change === undefined) throw new Error(`a colour of the terminal that is not known: ${code}`);
  return { ...style, ...change };
}

const ESCAPE = '\u001b';
const PIECE = new RegExp(`${ESCAPE}(?:\\[([\\d;]*)m)?|[^${ESCAPE}]+`, 'g');

/** The lines of a screen. What is set in one holds on in the next. */
export function linesOf(screen: string): readonly (readonly Run[])[] {
  let style = PLAIN;
  return screen.split('\n').map((line) =>
    Array.from(line.matchAll(PIECE)).flatMap(([text, codes]) => {
      if (!text.startsWith(ESCAPE)) return [{ text, style }];
      if (codes === undefined) throw new Error('a sequence of the terminal that is no colour');
      style = codes.split(';').map(Number).reduce(styled, style);
      return [];
    }),
  );
}
