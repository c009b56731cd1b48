import { readdirSync, readFileSync } from 'node:fs';
import { createPanel, type Told } from './panel.ts';
import type { Stretch } from './truth.ts';

/** What a kernel counted about a real load, see record.ts, and what each rule tells of it. */
export interface Trace {
  readonly name: string;
  readonly about: string;
  readonly kernel: string;
  readonly seconds: number;
  /** When the load asked for more than its quota, by its plan. */
  readonly real: readonly Stretch[];
  readonly told: Told;
}

type Header = Pick<Trace, 'about' | 'kernel' | 'real'>;

const FOLDER = new URL('./traces/', import.meta.url);

function play(file: string): Trace {
  const [header = '', , ...lines] = readFileSync(new URL(file, FOLDER), 'utf8').trim().split('\n');
  const { about, kernel, real } = JSON.parse(header.slice(2)) as Header;
  const panel = createPanel(0);
  lines.forEach((line, second) => {
    const [ms = 0, nrPeriods = 0, nrThrottled = 0, throttledUs = 0] = line.split(',').map(Number);
    panel.take(second, { seconds: ms / 1000, nrPeriods, nrThrottled, throttledMs: throttledUs / 1000 });
  });
  const name = file.replace('.csv', '');
  return { name, about, kernel, real, seconds: lines.length, told: panel.end(lines.length) };
}

export const playTraces = (): readonly Trace[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.csv'))
    .toSorted()
    .map(play);
