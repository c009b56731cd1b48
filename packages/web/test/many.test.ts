import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Store } from 'kernel-gossip-operator';
import { runningOperator } from '../../operator/test/support/running-operator.ts';
import { describeInChromium } from './support/chromium.ts';
import { file, secondsAgo, throttledSpec } from './support/findings.ts';

const WHISPERS = 5000;
const CHANGES_A_SECOND = 50;
const SECONDS = 8;
/** More rows than a screen and what is kept around it can hold. */
const MOST_ROWS = 60;

const change = (store: Store, index: number, percent: number): Promise<void> =>
  file(
    store,
    throttledSpec({
      pod_name: `web-${index}`,
      workload: { kind: 'Deployment', name: `web-${index % 700}` },
      severity: index % 3 === 0 ? 'critical' : 'warning',
      detected_at: '2026-01-01T00:00:00Z',
      measured_at: secondsAgo(0),
      throttled_percent: percent,
    }),
  );

interface Frames {
  readonly milliseconds: readonly number[];
  /** Lengths of tasks of 50 ms and more, by the browser. */
  readonly longTasks: readonly number[];
  readonly mostRows: number;
}

/** Watches how long frames take, and how many rows are drawn, from now on. */
const watchFrames = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const milliseconds: number[] = [];
    const longTasks: number[] = [];
    const frames = { milliseconds, longTasks, mostRows: 0 };
    Object.assign(window, { frames });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasks.push(Math.round(duration));
    }).observe({ type: 'longtask' });
    let before = performance.now();
    const frame = (now: number): void => {
      milliseconds.push(now - before);
      before = now;
      frames.mostRows = Math.max(frames.mostRows, document.querySelectorAll('.scroll li').length);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });

const framesOf = (page: Page): Promise<Frames> =>
  page.evaluate(() => (window as unknown as { readonly frames: Frames }).frames);

/** Counts changes as the operator tells them, until it ends. */
function countChanges(url: string): () => number {
  let changes = 0;
  const read = async (): Promise<void> => {
    const { body } = await fetch(`${url}/api/v1alpha1/changes`);
    if (body === null) return;
    for await (const chunk of body)
      changes += new TextDecoder().decode(chunk).split('event: change').length - 1;
  };
  read().catch(() => undefined);
  return () => changes;
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0;

describeInChromium('five thousand whispers', (look) => {
  it('stay readable while fifty of them change each second', { timeout: 240_000 }, async () => {
    const { url, store } = await runningOperator();
    for (let index = 0; index < WHISPERS; index += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, next) => change(store, index + next, 50)));
    }
    const opened = performance.now();
    const { page } = await look(url);
    await page.locator('.whisper').first().waitFor();
    const openedAfter = performance.now() - opened;
    // The operator assesses all of them meanwhile, and each assessment is a change too.
    const heard = countChanges(url);

    await watchFrames(page);
    let sent = 0;
    const begun = performance.now();
    while (performance.now() - begun < SECONDS * 1000) {
      await Promise.all(
        Array.from({ length: 5 }, (_, next) =>
          change(store, ((sent + next) * 37) % WHISPERS, (sent % 40) + 51),
        ),
      );
      sent += 5;
      await page.mouse.wheel(0, sent % 400 < 200 ? 300 : -300);
      await sleep(Math.max(0, (sent / CHANGES_A_SECOND) * 1000 - (performance.now() - begun)));
    }
    const changes = heard() / ((performance.now() - begun) / 1000);
    const { milliseconds, longTasks, mostRows } = await framesOf(page);
    process.stdout.write(
      `${WHISPERS} whispers, shown after ${openedAfter.toFixed(0)} ms; ${changes.toFixed(0)} changes a second: frames median ${percentile(milliseconds, 0.5).toFixed(1)} ms, p95 ${percentile(milliseconds, 0.95).toFixed(1)} ms, longest ${Math.max(...milliseconds).toFixed(1)} ms; tasks of 50 ms or more: ${longTasks.length} [${longTasks.join(', ')}]; at most ${mostRows} rows drawn\n`,
    );
    expect(mostRows).toBeLessThan(MOST_ROWS);
    expect(mostRows).toBeGreaterThan(10);
    // The median of frames on a busy machine; a page that drew all rows would take many times as long.
    expect(percentile(milliseconds, 0.5)).toBeLessThan(50);
    expect(changes).toBeGreaterThan(CHANGES_A_SECOND / 2);
    const last = ((sent - 5) * 37) % WHISPERS;
    await page.getByLabel('Search').fill(`web-${last} `);
    await page
      .locator('.whisper', { hasText: `${((sent - 5) % 40) + 51}%` })
      .first()
      .waitFor();
  });
});
