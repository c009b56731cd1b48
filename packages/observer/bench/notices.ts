import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { ARCHETYPES } from './notices/archetypes.ts';
import { RULES, type Rule } from './notices/panel.ts';
import { addScores, score, showDelays, type Score } from './notices/score.ts';
import { playTraces, type Trace } from './notices/traces.ts';
import type { Measure, Stretch } from './notices/truth.ts';
import type { Share } from './notices/week-worker.ts';
import type { Outcome } from './notices/week.ts';

// How many notices the detector gives against the usual alert, and what either misses. docs/detector.md says what is what.

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (...cells: readonly (string | number)[]): void => say(`| ${cells.join(' | ')} |`);
const head = (...cells: readonly string[]): void => {
  row(...cells);
  row(...cells.map((_, index) => (index === 0 ? '---' : '---:')));
};

async function simulateAll(): Promise<readonly Outcome[]> {
  const step = Math.min(8, availableParallelism());
  const all = Array.from({ length: step }, async (_, first) => {
    const workerData: Share = { first, step };
    const worker = new Worker(new URL('./notices/week-worker.ts', import.meta.url), { workerData });
    const [outcomes] = (await once(worker, 'message')) as [readonly Outcome[]];
    return outcomes;
  });
  return (await Promise.all(all)).flat();
}

const noticesOf = (outcomes: readonly Outcome[], rule: Rule): number =>
  outcomes.reduce((sum, { told }) => sum + told[rule].length, 0);

const scoreOf = (outcomes: readonly Outcome[], measure: Measure, rule: Rule): Score =>
  addScores(outcomes.map(({ incidents, told }) => score(incidents[measure], told[rule])));

const incidentsOf = (outcomes: readonly Outcome[], measure: Measure): number =>
  outcomes.reduce((sum, { incidents }) => sum + incidents[measure].length, 0);

const of = (outcomes: readonly Outcome[], name: string): readonly Outcome[] =>
  outcomes.filter(({ archetype }) => archetype === name);

function sayNotices(outcomes: readonly Outcome[]): void {
  head('a simulated week: notices', 'containers', ...RULES);
  for (const { name } of ARCHETYPES) {
    const those = of(outcomes, name);
    row(name, those.length, ...RULES.map((rule) => noticesOf(those, rule)));
  }
  row('all', outcomes.length, ...RULES.map((rule) => noticesOf(outcomes, rule)));
  const others = outcomes.filter(({ archetype }) => !archetype.includes('sidecar'));
  row('all but sidecars', others.length, ...RULES.map((rule) => noticesOf(others, rule)));
}

function sayIncidents(outcomes: readonly Outcome[], measure: Measure, title: string): void {
  head(
    title,
    'incidents',
    ...RULES.map((rule) => `missed: ${rule}`),
    'told before: ours',
    'told after, s (p50 / p99 / max): ours',
    'alert',
  );
  const sayRow = (name: string, those: readonly Outcome[]): void => {
    const [ours, before, alert] = RULES.map((rule) => scoreOf(those, measure, rule)) as [Score, Score, Score];
    row(
      name,
      incidentsOf(those, measure),
      ours.missed,
      before.missed,
      alert.missed,
      ours.standing,
      showDelays(ours.delays),
      showDelays(alert.delays),
    );
  };
  for (const { name } of ARCHETYPES) {
    const those = of(outcomes, name);
    if (incidentsOf(those, measure) > 0) sayRow(name, those);
  }
  sayRow('all', outcomes);
}

const showStretches = (stretches: readonly Stretch[]): string =>
  stretches.length === 0 ? '-' : stretches.map(({ from, to }) => `${from}..${to}`).join(', ');

function sayTraces(traces: readonly Trace[]): void {
  head('recorded, in seconds since its start', 'more asked than allowed', ...RULES);
  for (const { name, about, real, told } of traces)
    row(`${name}: ${about}`, showStretches(real), ...RULES.map((rule) => showNotices(told[rule])));
}

const MOST_SHOWN = 4;
const showNotices = (told: readonly Stretch[]): string =>
  told.length > MOST_SHOWN ? `${told.length} notices, the first at ${told[0]?.from}` : showStretches(told);

const startMs = performance.now();
const outcomes = await simulateAll();
sayNotices(outcomes);
say('');
sayIncidents(outcomes, 'main', 'more than twice as long and 20 ms, for a minute');
say('');
sayIncidents(outcomes, 'loose', 'more than twice as long, however short');
say('');
sayTraces(playTraces());
say('');
say(`${((performance.now() - startMs) / 1000).toFixed(0)} s`);
const { missed, delays } = scoreOf(outcomes, 'main', 'ours');
const isFewer = noticesOf(outcomes, 'ours') < noticesOf(outcomes, 'alert');
const p99 = Number(showDelays(delays).split(' / ')[1]);
say(`${missed === 0 ? 'met' : 'NOT met'}: ${missed} incidents missed (target: none)`);
say(`${isFewer ? 'met' : 'NOT met'}: fewer notices than the alert`);
say(`${p99 <= 5 ? 'met' : 'NOT met'}: notice ${p99} s after the onset at p99 (target: at most 5 s)`);
