import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';

const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where a Chromium is; null where there is none. */
export const CHROMIUM = PLACES.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? null;

/** It reaches for nothing but the page. */
export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: FLAGS });

/** A page that is looked at, and all that went wrong on it. */
export interface Looked {
  readonly page: Page;
  /** Errors of scripts, breaches of the policy, and requests to anybody but the operator. */
  readonly problems: readonly string[];
}

export type Look = (url: string, options?: BrowserContextOptions) => Promise<Looked>;

/** Tests in a real browser. Without one they are skipped, and say so. */
export function describeInChromium(name: string, tests: (look: Look) => void): void {
  if (CHROMIUM === null) {
    process.stderr.write(
      `SKIPPED: ${name}: there is no Chromium; apt-get install chromium, or set CHROMIUM\n`,
    );
    describe.skip(name, () => {
      tests(() => Promise.reject(new Error('there is no Chromium')));
    });
    return;
  }
  const executable = CHROMIUM;
  describe(name, () => {
    let browser: Browser | null = null;
    beforeAll(async () => {
      browser = await launchChromium(executable);
    });
    afterAll(() => browser?.close());
    tests(async (url, options = {}) => {
      if (browser === null) throw new Error('Chromium did not start');
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      const page = await context.newPage();
      const problems = problemsOf(page, new URL(url).origin);
      await page.goto(url);
      return { page, problems };
    });
  });
}

function problemsOf(page: Page, origin: string): readonly string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('data:'))
      problems.push(`a request to ${request.url()}`);
  });
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) problems.push(message.text());
  });
  return problems;
}
