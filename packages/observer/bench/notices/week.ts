import { WEEK, type Archetype } from './archetypes.ts';
import { createPanel, type Told } from './panel.ts';
import { seeded } from './random.ts';
import { SCRAPE_SECONDS } from './alert.ts';
import { createTruth, MEASURES, type Measure, type Stretch } from './truth.ts';

/** What was told of one container, and what was true, by each measure. */
export interface Outcome {
  readonly archetype: string;
  readonly told: Told;
  readonly incidents: Readonly<Record<Measure, readonly Stretch[]>>;
}

const SLOW_START_SECONDS = 60;
const START_THREADS = 3;

/** One container for a week. The same seed makes the same week. */
export function simulate({ name, make }: Archetype, seed: number): Outcome {
  const random = seeded(seed);
  const { container, isServing, step } = make(random);
  const { second: counted, demand } = container;
  const panel = createPanel(Math.floor(random() * SCRAPE_SECONDS));
  const truths = MEASURES.map(createTruth);
  const slowStarts: Stretch[] = [];
  let start: { readonly at: number; readonly freeSeconds: number } | null = null;
  let waitedMs2 = 0;
  let freeMs2 = 0;

  /** Somebody waits for a start, too: it counts where it takes a minute, and more than twice as long as without a quota. */
  function isStarting(second: number): boolean {
    if (start === null) return false;
    if (container.jobsLeftMs() > 0) return true;
    const tookSeconds = second + 1 - start.at;
    if (tookSeconds >= SLOW_START_SECONDS && tookSeconds > 2 * start.freeSeconds)
      slowStarts.push({ from: start.at, to: second + 1 });
    start = null;
    waitedMs2 = 0;
    freeMs2 = 0;
    return true;
  }

  function judgeTruth(second: number): void {
    waitedMs2 += counted.waitedMs2;
    freeMs2 += counted.freeMs2;
    if (counted.arrivedMs === 0) return;
    const freeMs = demand.workMs / demand.fanOut + freeMs2 / counted.arrivedMs;
    const addedMs = (waitedMs2 - freeMs2) / counted.arrivedMs;
    for (const truth of truths) truth.take(second, { requests: counted.pieces, freeMs, addedMs });
    waitedMs2 = 0;
    freeMs2 = 0;
  }

  for (let second = 0; second < WEEK; second += 1) {
    if (step(second)) {
      panel.restart(second);
      start = { at: second, freeSeconds: container.jobsLeftMs() / (START_THREADS * 1000) };
    }
    container.run();
    panel.take(second, counted);
    if (isServing && !isStarting(second)) judgeTruth(second);
  }
  const [main, loose] = truths.map((truth) => [...slowStarts, ...truth.incidents()]);
  return { archetype: name, told: panel.end(WEEK), incidents: { main: main ?? [], loose: loose ?? [] } };
}
