import type { Family, Sample } from './family.ts';

/** Content type of Prometheus' text format. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const escaped = (text: string, characters: RegExp): string =>
  text.replaceAll(characters, (character) => ESCAPES[character] ?? character);

/** As Go's ParseFloat reads it. */
const valueOf = (value: number): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);

function line(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text, /[\\"\n]/g)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${valueOf(value)}\n`;
}

/**
 * Families in Prometheus' text format, version 0.0.4 (prometheus.io, exposition formats). Families of one name become one,
 * with the help and the type of the first, since a name may have only one group of lines.
 */
export function exposition(families: readonly Family[]): string {
  const groups = Map.groupBy(families, ({ name }) => name);
  return [...groups.values()].map(group).join('');
}

function group(families: readonly Family[]): string {
  const [first] = families;
  if (first === undefined) return '';
  const { name, help, type } = first;
  const lines = families.flatMap(({ samples }) => samples).map((sample) => line(name, sample));
  return `# HELP ${name} ${escaped(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
