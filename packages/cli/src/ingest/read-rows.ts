import { messageOf } from 'kernel-gossip-types';
import type { Cell, Row } from 'kernel-gossip-pxl-scripts';
import { parseExactly } from './parse-exactly.ts';

/** One row of the input, or what is wrong with it. */
export type ReadRow = { readonly place: string } & (
  { readonly table: string; readonly row: Row } | { readonly wrong: string }
);

/** `px` and Pixie's Go client put the table's name before the columns. */
const TABLE = '_tableName_';
/** `px` writes a row in some hundred characters, and Pixie cuts bodies after some thousand. */
const LONGEST_LINE = 1 << 20;
/** An array can only be read as a whole. */
const LONGEST_ARRAY = 64 << 20;

const isCell = (value: unknown): value is Cell =>
  value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

function rowFrom(value: unknown, place: string): ReadRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { place, wrong: 'not a row: a JSON object was expected' };
  const { [TABLE]: table, ...row } = value as Readonly<Record<string, unknown>>;
  if (typeof table !== 'string') return { place, wrong: `not a row of px: there is no ${TABLE}` };
  const nested = Object.keys(row).find((column) => !isCell(row[column]));
  if (nested !== undefined) return { place, wrong: `${nested}: expected a value, got an object or a list` };
  return { place, table, row: row as Row };
}

function parsed(text: string, place: string): ReadRow {
  if (text.length > LONGEST_LINE) return { place, wrong: `longer than ${LONGEST_LINE} characters` };
  try {
    return rowFrom(parseExactly(text), place);
  } catch (error) {
    return { place, wrong: `not JSON: ${messageOf(error)}` };
  }
}

/** Rows of an array, which begins with `head`. */
async function items(head: string, rest: AsyncIterable<string>): Promise<readonly ReadRow[]> {
  let text = head;
  for await (const chunk of rest) {
    text += chunk;
    if (text.length > LONGEST_ARRAY) {
      const wrong = `an array of more than ${LONGEST_ARRAY} characters: write one object a line (jq -c '.[]')`;
      return [{ place: 'the input', wrong }];
    }
  }
  try {
    const values = parseExactly(text) as readonly unknown[];
    return values.map((value, index) => rowFrom(value, `item ${index + 1}`));
  } catch (error) {
    return [{ place: 'the input', wrong: `not JSON: ${messageOf(error)}` }];
  }
}

/** Rows that stand one a line, those of each chunk together. Of a line that is too long no more than its beginning is kept. */
async function* lines(chunks: AsyncIterable<string>, firstLine: number): AsyncGenerator<readonly ReadRow[]> {
  let line = firstLine;
  let open = '';
  const read = (text: string): readonly ReadRow[] => {
    const place = `line ${line}`;
    line += 1;
    return text.trim() === '' ? [] : [parsed(text, place)];
  };
  for await (const chunk of chunks) {
    const [first = '', ...others] = chunk.split('\n');
    open += open.length > LONGEST_LINE ? '' : first;
    if (others.length === 0) continue;
    const whole = [open, ...others.slice(0, -1)];
    open = others.at(-1) ?? '';
    yield whole.flatMap(read);
  }
  yield read(open);
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

/** The rows of an input: one object a line, as `px run -o json` writes them, or one array of objects. */
export async function* readRows(input: AsyncIterable<string>): AsyncGenerator<readonly ReadRow[]> {
  const chunks = input[Symbol.asyncIterator]();
  const rest: AsyncIterable<string> = { [Symbol.asyncIterator]: () => chunks };
  let blankLines = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const head = next.value.trimStart();
    blankLines += next.value.slice(0, next.value.length - head.length).split('\n').length - 1;
    if (head === '') continue;
    if (head.startsWith('[')) yield await items(head, rest);
    else yield* lines(joined(head, rest), blankLines + 1);
    return;
  }
}
