import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { CHART, renderText, type Helm } from './helm.ts';
import { chartValues, commented, readSchema, table, valuesText, withTable } from './values.ts';

/** Files of values that stand for the ways in which the chart is used. */
export const CASES: readonly string[] = readdirSync(join(CHART, 'tests/cases')).map((name) =>
  basename(name, '.yaml'),
);
export const caseFile = (name: string): string => join(CHART, 'tests/cases', `${name}.yaml`);
const goldenFile = (name: string): string => join(CHART, 'tests/golden', `${name}.yaml`);

/** A file of the chart that is made from others, and what has to be in it. */
export interface MadeFile {
  readonly path: string;
  readonly text: string;
}

/** The README's table and the comments of values.yaml, both from the schema. */
export async function documents(): Promise<readonly MadeFile[]> {
  const [values, readme] = [join(CHART, 'values.yaml'), join(CHART, 'README.md')];
  return [
    { path: values, text: await formatted(values, commented(valuesText(), readSchema())) },
    {
      path: readme,
      text: await formatted(readme, withTable(readFileSync(readme, 'utf8'), table(chartValues()))),
    },
  ];
}

/** What the chart makes of each case. */
export async function goldens(helm: Helm): Promise<readonly MadeFile[]> {
  const made: MadeFile[] = [];
  for (const name of CASES)
    made.push({ path: goldenFile(name), text: await renderText(helm, caseFile(name)) });
  return made;
}

const formatted = async (path: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(path)), filepath: path });
