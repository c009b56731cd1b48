import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../install.ts';

/** A row of a table of docs/metrics.md. */
export interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

const TEXT = readFileSync(join(REPOSITORY, 'docs/metrics.md'), 'utf8');
const headings = (text: string, level: number): readonly string[] =>
  [...text.matchAll(new RegExp(`^#{${level}} (.+)$`, 'gm'))].map(([, heading = '']) => heading);

/** The part below a heading of the second level. */
function chapter(heading: string): string {
  const [, text = ''] = new RegExp(`^## ${heading}\n(.*?)(?=^## |(?![\\s\\S]))`, 'ms').exec(TEXT) ?? [];
  return text;
}

/** All metrics that the tables of a chapter have. */
export const documentedIn = (heading: string): readonly Documented[] =>
  chapter(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [name = '', type = '', labels = '', help = ''] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', ''));
      return { name, type, labels: labels === '' ? [] : labels.split(', ').sort(), help };
    });

/** The alerts that have a part of their own. */
export const RUNBOOKS: readonly string[] = headings(chapter('Alerts'), 3);
