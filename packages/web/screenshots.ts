/**
 * Saves the pictures of the page for the documentation, from a real run: an operator on SQLite, an observer that measures a
 * real load under a CPU limit where this user may make one, and made-up findings, which say that they are.
 *
 *     node --conditions=@kernel-gossip/source packages/web/screenshots.ts
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { messageOf } from 'kernel-gossip-types';
import type { Store } from 'kernel-gossip-operator';
import { findHierarchy } from 'kernel-gossip-observer';
import { CpuGroup } from '../cli/src/demo/cpu-group.ts';
import { startOneMachine } from '../cli/src/up/one-machine.ts';
import { CHROMIUM, launchChromium } from './test/support/chromium.ts';
import {
  birth,
  file,
  metricsSample,
  provenRemedy,
  secondsAgo,
  throttledSpec,
} from './test/support/findings.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const GROUP = 'kernel-gossip-test-page';
const LIMIT_CORES = 0.2;
const RAISED_CORES = 0.5;
const THROTTLED_MS = 16_000;
const CALM_MS = 14_000;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const WORKLOADS = [
  ['shop', 'checkout', 3, 91.4],
  ['shop', 'cart', 2, 62.8],
  ['bank', 'ledger', 1, 47.5],
  ['search', 'indexer', 4, 33.1],
] as const;

const MADE_UP = { provenance: 'synthetic', source: { name: 'screenshots', node_name: 'node-1' } } as const;

/** Findings as a cluster would have them, each marked as made up. */
async function fileMadeUp(store: Store): Promise<void> {
  for (const [namespace, workload, pods, percent] of WORKLOADS) {
    for (let pod = 0; pod < pods; pod += 1) {
      const share = percent - pod * 7;
      await file(
        store,
        throttledSpec({
          ...MADE_UP,
          namespace,
          pod_name: `${workload}-7d9c8b6f5-${'x4q2m'.slice(pod)}${pod}`,
          workload: { kind: 'Deployment', name: workload },
          severity: share > 80 ? 'critical' : share > 50 ? 'warning' : 'info',
          detected_at: secondsAgo(240 + pod * 900),
          throttled_percent: share,
          kernel_truth: {
            throttled_percent: share,
            actual_cpu_cores: 0.49,
            limit_cores: 0.5,
            nr_periods: 300,
            nr_throttled: Math.round(share * 3),
            throttled_seconds: share / 10,
            threads: 24,
            runnable_threads: 9,
            window_seconds: 30,
          },
        }),
      );
    }
  }
  await file(
    store,
    throttledSpec({
      ...MADE_UP,
      namespace: 'bank',
      pod_name: 'reports-0',
      workload: { kind: 'StatefulSet', name: 'reports' },
      kind: 'memory_pressure',
      severity: 'critical',
      detected_at: secondsAgo(75),
      throttled_percent: null,
      kernel_truth: null,
      memory: {
        usage_percent: 97.2,
        usage_bytes: 521_900_000,
        limit_bytes: 536_870_912,
        stalled_percent: 31,
        oom_kills: 0,
        episode_oom_kills: 2,
        window_seconds: 10,
      },
    }),
  );
}

/** A pod with the whole story: metrics, kernel, a remedy that was proved. Made up, and marked so. */
async function fileWholeStory(store: Store): Promise<void> {
  const changes = {
    pod_name: 'web-6c5d4f7b9-k2v8s',
    measured_at: secondsAgo(150),
    ended_at: secondsAgo(90),
    ended_percent: 0.67,
  };
  await file(store, throttledSpec({ ...MADE_UP, ...changes }), 'web');
  const ref = { namespace: 'shop', name: 'web' };
  await store.applyStatus('KernelWhisper', ref, {
    manager: 'kernel-gossip-metrics',
    fields: { metrics: metricsSample(155) },
  });
  await store.applyStatus('KernelWhisper', ref, {
    manager: 'kernel-gossip-remedy',
    fields: { remedy: provenRemedy() },
  });
}

async function post(url: string, observation: object): Promise<void> {
  const response = await fetch(`${url}/webhook/pixie`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(observation),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Two busy loops under a limit, which is raised and lifted in the end; null where this user may make no group. */
function throttledLoad(): {
  readonly raise: () => void;
  readonly lift: () => void;
  readonly end: () => Promise<void>;
} | null {
  try {
    const group = new CpuGroup(findHierarchy('/sys/fs/cgroup'), GROUP);
    group.limit(LIMIT_CORES);
    const loads = [1, 2].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
    for (const { pid } of loads) if (pid !== undefined) group.add(pid);
    return {
      raise: () => {
        group.limit(RAISED_CORES);
      },
      lift: () => {
        group.limit(null);
        for (const load of loads) load.kill('SIGKILL');
      },
      end: () => group.remove(),
    };
  } catch (error) {
    say(`no real load: ${messageOf(error)}`);
    return null;
  }
}

interface Shot {
  readonly name: string;
  readonly hash: string;
  readonly ready: string;
  readonly options?: BrowserContextOptions;
  readonly before?: (page: Page) => Promise<void>;
  readonly isFull?: boolean;
}

const WIDE = { width: 1280, height: 800 };
const STORY = '#/pods/shop/web-6c5d4f7b9-k2v8s';

const SHOTS: readonly Shot[] = [
  { name: 'whispers', hash: '#/', ready: '.whisper' },
  { name: 'whispers-dark', hash: '#/', ready: '.whisper', options: { colorScheme: 'dark' } },
  {
    name: 'whispers-narrow',
    hash: '#/',
    ready: '.whisper',
    options: { viewport: { width: 360, height: 740 } },
  },
  { name: 'story', hash: STORY, ready: 'canvas', isFull: true },
  { name: 'story-dark', hash: STORY, ready: 'canvas', options: { colorScheme: 'dark' }, isFull: true },
  {
    name: 'story-narrow',
    hash: STORY,
    ready: 'canvas',
    options: { viewport: { width: 360, height: 740 } },
    isFull: true,
  },
];

async function shoot(browser: Browser, url: string, shot: Shot): Promise<void> {
  const context = await browser.newContext({ viewport: WIDE, deviceScaleFactor: 1.5, ...shot.options });
  const page = await context.newPage();
  await page.goto(`${url}/${shot.hash}`);
  await page.locator(shot.ready).first().waitFor();
  await save(page, shot.name, shot.isFull === true);
  await context.close();
}

/** The page keeps its head in place and scrolls within: for all of it, it is made as high as what it holds. */
async function save(page: Page, name: string, isFull: boolean): Promise<void> {
  const { width } = page.viewportSize() ?? WIDE;
  if (isFull) {
    const height = await page.evaluate(
      () =>
        (document.querySelector('main')?.scrollHeight ?? 0) +
        (document.querySelector('header')?.offsetHeight ?? 0),
    );
    await page.setViewportSize({ width, height });
  }
  await sleep(500);
  await page.screenshot({ path: join(IMAGES, `page-${name}.png`) });
  say(`docs/images/page-${name}.png`);
}

/** A page that listens while a real load is throttled and let go of. */
async function shootRealLoad(browser: Browser, url: string): Promise<void> {
  const load = throttledLoad();
  if (load === null) return;
  try {
    const context = await browser.newContext({ viewport: WIDE, deviceScaleFactor: 1.5 });
    const page = await context.newPage();
    await page.goto(`${url}/#/?text=${GROUP}`);
    await page
      .locator('.whisper')
      .first()
      .click({ timeout: 2 * THROTTLED_MS });
    await page.locator('canvas').first().waitFor();
    await sleep(THROTTLED_MS);
    load.raise();
    await sleep(THROTTLED_MS);
    load.lift();
    await sleep(CALM_MS);
    await save(page, 'measured', true);
    await context.close();
  } finally {
    load.lift();
    await load.end();
  }
}

/** Runs what takes pictures on a machine of its own, with an observer or without. */
async function onMachine(
  observer: Readonly<Record<string, string>> | null,
  shootAll: (url: string, store: Store) => Promise<void>,
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kernel-gossip-screenshots-'));
  const machine = await startOneMachine({ host: '127.0.0.1', port: 0, dataDir, logLevel: 'error', observer });
  try {
    await shootAll(machine.operator.url, machine.operator.store);
  } finally {
    await machine.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function main(executable: string): Promise<void> {
  await build({ root: fileURLToPath(new URL('.', import.meta.url)), logLevel: 'warn' });
  mkdirSync(IMAGES, { recursive: true });
  const browser = await launchChromium(executable);
  try {
    await onMachine({ interval: '1s' }, (url) => shootRealLoad(browser, url));
    await onMachine(null, async (url, store) => {
      await fileMadeUp(store);
      await fileWholeStory(store);
      await post(url, birth({ pod_name: 'web-6c5d4f7b9-k2v8s', provenance: 'synthetic' }));
      for (const shot of SHOTS) await shoot(browser, url, shot);
    });
  } finally {
    await browser.close();
  }
}

if (CHROMIUM === null) throw new Error('there is no Chromium: apt-get install chromium, or set CHROMIUM');
await main(CHROMIUM);
