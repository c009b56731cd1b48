import { cut, pad, widthOf } from './width.ts';

export interface Column<Row> {
  readonly header: string;
  /** Its text, already visible. */
  readonly text: (row: Row) => string;
  /** Colours a text that is already cut and padded, so that no escape sequence counts as width. */
  readonly paint?: (row: Row, text: string) => string;
  /** May be cut down to this many columns where the terminal is narrow. */
  readonly shrinksTo?: number;
  /** Left out where the terminal is too narrow; the highest goes first. Absent: stays. */
  readonly expendable?: number;
}

const GAP = 3;

/** What a watch needs to print later rows under the same headings. */
export interface TableLayout<Row> {
  readonly columns: readonly Column<Row>[];
  readonly widths: readonly number[];
}

const widthsOf = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly number[] =>
  columns.map(({ header, text }) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(text(row))), header.length),
  );

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);

/** Narrower columns, from the right: what identifies a row stands on the left and is cut last. */
function shrunk<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  available: number,
): readonly number[] {
  let excess = total(natural) - available;
  return natural.reduceRight<readonly number[]>((widths, width, index) => {
    const least = columns[index]?.shrinksTo;
    if (excess <= 0 || least === undefined) return [width, ...widths];
    const narrower = Math.max(Math.min(width, least), width - excess);
    excess -= width - narrower;
    return [narrower, ...widths];
  }, []);
}

/** Which columns fit into the terminal and how wide each is; all of them, uncut, where there is no terminal. */
export function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  available: number | null,
): TableLayout<Row> {
  const natural = widthsOf(columns, rows);
  if (available === null) return { columns, widths: natural };
  const widths = shrunk(columns, natural, available);
  const first = columns.reduce<Column<Row> | null>(
    (worst, column) => ((column.expendable ?? 0) > (worst?.expendable ?? 0) ? column : worst),
    null,
  );
  return total(widths) <= available || first === null
    ? { columns, widths }
    : layOut(
        columns.filter((column) => column !== first),
        rows,
        available,
      );
}

const line = (cells: readonly string[]): string => cells.join(' '.repeat(GAP)).trimEnd();

export const headerLine = <Row>({ columns, widths }: TableLayout<Row>): string =>
  line(columns.map(({ header }, index) => pad(header, widths[index] ?? 0)));

export const rowLine = <Row>({ columns, widths }: TableLayout<Row>, row: Row): string =>
  line(
    columns.map(({ text, paint, shrinksTo }, index) => {
      const width = widths[index] ?? 0;
      const whole = text(row);
      const fitted = shrinksTo === undefined ? whole : cut(whole, width);
      const painted = paint === undefined ? fitted : paint(row, fitted);
      return painted + ' '.repeat(Math.max(0, width - widthOf(fitted)));
    }),
  );

/** The table as kubectl draws them: capital headings, three spaces between, no lines. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  available: number | null,
): string {
  const layout = layOut(columns, rows, available);
  return [headerLine(layout), ...rows.map((row) => rowLine(layout, row))].join('\n');
}
