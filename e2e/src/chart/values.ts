import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument, isMap, isScalar, type Document, type YAMLMap } from 'yaml';
import { at, isObject, type Json, listAt, textAt } from '../pixie-cloud/tree.ts';
import { CHART } from './helm.ts';

/** One thing that can be set. */
export interface Value {
  readonly path: readonly string[];
  /** Said once, in the schema; the README and the comments of values.yaml repeat it. */
  readonly description: string;
  /** What it is where nothing is set; undefined for a setting that the program itself has a default for. */
  readonly fallback: unknown;
  /** Something else that it may be. */
  readonly example: unknown;
}

const VALUES = join(CHART, 'values.yaml');

export const valuesText = (): string => readFileSync(VALUES, 'utf8');
export const readSchema = (): unknown =>
  JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as unknown;

/** Every value that the schema knows, in its order. `global` belongs to charts around this one. */
export function valuesOf(schema: unknown, defaults: unknown): readonly Value[] {
  return leaves(schema, [])
    .filter(({ path }) => path[0] !== 'global')
    .map(({ path, node }) => ({
      path,
      description: textAt(node, 'description') ?? '',
      fallback: at(defaults, ...path),
      example: listAt(node, 'examples')[0],
    }));
}

export const chartValues = (): readonly Value[] => valuesOf(readSchema(), parse(valuesText()));

interface Leaf {
  readonly path: readonly string[];
  readonly node: unknown;
}

function leaves(node: unknown, path: readonly string[]): readonly Leaf[] {
  const properties = at(node, 'properties');
  if (!isObject(properties)) return [{ path, node }];
  return Object.entries(properties).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

/** Paths of values.yaml down to what the schema does not take apart. */
export function pathsIn(defaults: unknown, schema: unknown): readonly string[] {
  const known = new Set(leaves(schema, []).map(({ path }) => path.join('.')));
  const walk = (value: unknown, path: string): readonly string[] =>
    known.has(path) || !isObject(value) || Object.keys(value).length === 0
      ? [path]
      : Object.entries(value).flatMap(([key, inner]) => walk(inner, path === '' ? key : `${path}.${key}`));
  return walk(defaults, '');
}

/** Values with one of them set. */
export const withValue = (values: Json, [key = '', ...rest]: readonly string[], value: unknown): Json => {
  const inner = values[key];
  return {
    ...values,
    [key]: rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest, value),
  };
};

const COMMENT_WIDTH = 100;
const HEAD =
  ' Every value, as it is where nothing else is said. Comments: `npm run chart -w kernel-gossip-e2e`, from the schema.';

/** values.yaml with the schema's descriptions as its comments. */
export function commented(text: string, schema: unknown): string {
  const document = parseDocument(text);
  comment(document.contents as YAMLMap, schema, []);
  document.commentBefore = HEAD;
  return (document as Document).toString({ lineWidth: 0, singleQuote: true });
}

function comment(map: YAMLMap, schema: unknown, path: readonly string[]): void {
  // The parser takes what stands above the first key for a comment on the map.
  map.commentBefore = null;
  for (const pair of map.items) {
    if (!isScalar(pair.key)) continue;
    const node = at(schema, 'properties', String(pair.key.value));
    const description = textAt(node, 'description');
    pair.key.commentBefore =
      description === undefined ? null : wrapped(description, COMMENT_WIDTH - path.length * 2);
    pair.key.spaceBefore = path.length === 0;
    if (isMap(pair.value) && isObject(at(node, 'properties'))) {
      comment(pair.value, node, [...path, String(pair.key.value)]);
    }
  }
}

/** Lines of a comment, each with the blank that comes after its number sign. */
function wrapped(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= width) lines.push(` ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}

/** The README's table of values. */
export function table(values: readonly Value[]): string {
  const rows = values.map(
    ({ path, fallback, description }) =>
      `| \`${path.join('.')}\` | ${shown(fallback)} | ${description.replaceAll('|', '\\|')} |`,
  );
  return ['| Value | Default | What it is |', '| --- | --- | --- |', ...rows].join('\n');
}

const LONGEST_SHOWN = 40;

function shown(fallback: unknown): string {
  if (fallback === undefined) return "the program's";
  const text = JSON.stringify(fallback);
  return text.length > LONGEST_SHOWN ? 'see values.yaml' : `\`${text}\``;
}

const [BEGIN, END] = [
  '<!-- values: made by `npm run chart -w kernel-gossip-e2e` -->',
  '<!-- end of values -->',
];

/** The README with this table in its place. */
export function withTable(readme: string, text: string): string {
  const [before, rest = ''] = readme.split(BEGIN);
  const [, after] = rest.split(END);
  if (before === undefined || after === undefined) throw new Error('the README has no place for the values');
  return `${before}${BEGIN}\n\n${text}\n\n${END}${after}`;
}
