/** All that a program tells of one name. */
export interface Exposed {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Every label that some sample has, sorted; without `le`, which every histogram has. */
  readonly labels: readonly string[];
  readonly samples: number;
}

const HISTOGRAM_PARTS = /_(bucket|sum|count)$/;

/** Reads Prometheus' text format, version 0.0.4, as far as programs of ours write it. */
export function parseExposition(text: string): readonly Exposed[] {
  const lines = text.split('\n');
  const samples = lines.flatMap((line) => /^([a-z_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? []);
  const parsed = Array.from({ length: samples.length / 3 }, (_, index) => ({
    name: samples[index * 3 + 1] ?? '',
    labels: labelsOf(samples[index * 3 + 2] ?? ''),
  }));
  const helps = new Map(lines.flatMap((line) => pairOf(/^# HELP (\S+) (.*)$/.exec(line))));
  const types = lines.flatMap((line) => pairOf(/^# TYPE (\S+) (\S+)$/.exec(line)));
  return types.map(([name, type]) => {
    const own = parsed.filter((sample) => familyOf(sample.name, type) === name);
    const labels = [...new Set(own.flatMap((sample) => sample.labels))].filter((label) => label !== 'le');
    return { name, type, help: helps.get(name) ?? '', labels: labels.sort(), samples: own.length };
  });
}

const pairOf = (match: RegExpExecArray | null): readonly (readonly [string, string])[] =>
  match === null ? [] : [[match[1] ?? '', match[2] ?? '']];

const familyOf = (sample: string, type: string): string =>
  type === 'histogram' ? sample.replace(HISTOGRAM_PARTS, '') : sample;

const labelsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(\w+)="(?:\\.|[^"\\])*"/g)].map(([, label = '']) => label);
