import { quantile } from '../figures.ts';
import type { Stretch } from './truth.ts';

/** How one rule did on incidents of one container. */
export interface Score {
  readonly missed: number;
  /** It was told before, and not over yet. */
  readonly standing: number;
  /** Seconds from the onset to the notice, of the others. */
  readonly delays: readonly number[];
}

export function score(incidents: readonly Stretch[], told: readonly Stretch[]): Score {
  const first = incidents.map((incident) => ({
    incident,
    notice: told.find(({ from, to }) => to > incident.from && from <= incident.to),
  }));
  const delays = first.flatMap(({ incident, notice }) =>
    notice === undefined ? [] : [notice.from - incident.from],
  );
  return {
    missed: first.filter(({ notice }) => notice === undefined).length,
    standing: delays.filter((delay) => delay <= 0).length,
    delays: delays.filter((delay) => delay > 0),
  };
}

export const addScores = (scores: readonly Score[]): Score => ({
  missed: scores.reduce((sum, { missed }) => sum + missed, 0),
  standing: scores.reduce((sum, { standing }) => sum + standing, 0),
  delays: scores.flatMap(({ delays }) => delays),
});

export const showDelays = (delays: readonly number[]): string =>
  delays.length === 0
    ? '-'
    : [quantile(delays, 0.5), quantile(delays, 0.99), Math.max(...delays)]
        .map((value) => String(value))
        .join(' / ');
