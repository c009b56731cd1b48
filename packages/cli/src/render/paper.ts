import { NOT_MEASURED } from 'kernel-gossip-types';
import type { ChalkInstance } from 'chalk';
import { pad, widthOf, wrap } from '../terminal/width.ts';

/** How a document is drawn. */
export interface Paper {
  readonly chalk: ChalkInstance;
  readonly width: number;
  readonly now: number;
}

/** The text in lines as wide as the paper, so far from its left edge; no line for no text. */
export const indented = (text: string, { width }: Pick<Paper, 'width'>, by: number): readonly string[] =>
  text === '' ? [] : wrap(text, width - by).map((line) => ' '.repeat(by) + line);

/** An entry of a part behind a mark like `-`, its further lines below its first word. */
export function bulleted(mark: string, text: string, { width }: Pick<Paper, 'width'>): readonly string[] {
  const [first = '', ...rest] = wrap(text, width - 6);
  return [`    ${mark} ${first}`, ...rest.map((line) => `      ${line}`)];
}

/** A command to be typed as it stands: not wrapped, whatever the width. */
export const command = (text: string, { chalk }: Pick<Paper, 'chalk'>): string =>
  `    ${chalk.green('→')} ${text}`;

/** A part of a story: its question in bold, the answer beside it. */
export function headed(question: string, answer: string, { chalk, width }: Paper): readonly string[] {
  const [first = '', ...rest] = wrap(`${question} ${answer}`.trimEnd(), width - 4);
  const bold = first.startsWith(question)
    ? chalk.bold(question) + first.slice(question.length)
    : chalk.bold(first);
  return [`  ${bold}`, ...rest.map((line) => `    ${line}`)];
}

const GAP = 3;

type Row = readonly string[];

const widthsOf = (rows: readonly Row[]): readonly number[] =>
  (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));

/** How many columns a grid takes, its indentation of two not counted. */
export const widthOfGrid = (rows: readonly Row[]): number =>
  widthsOf(rows).reduce((sum, width) => sum + width + GAP, -GAP);

/** Figures in columns under a heading of so many rows. What was not measured is dim. */
export function grid(rows: readonly Row[], { chalk }: Paper, headings = 1): readonly string[] {
  const widths = widthsOf(rows);
  return rows.map((row, index) => {
    const last = row.findLastIndex((text) => text !== '');
    const cells = row.slice(0, last + 1).map((text, column) => {
      const padding = column === last ? '' : pad(text, widths[column] ?? 0).slice(text.length);
      return (text === NOT_MEASURED ? chalk.dim(text) : text) + padding;
    });
    const line = `  ${cells.join(' '.repeat(GAP))}`;
    return index < headings ? chalk.bold(line) : line;
  });
}
