import { KernelWhisperSpec } from 'kernel-gossip-types';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { post, runningOperator, throttle } from '../../operator/test/support/running-operator.ts';
import { describeInChromium } from './support/chromium.ts';
import { file, full, throttledSpec } from './support/findings.ts';

const rows = (page: Page): Promise<readonly string[]> =>
  page
    .locator('.whisper')
    .evaluateAll((links) => links.map((link) => (link as HTMLElement).innerText.replaceAll(/\s+/g, ' ')));

const groups = (page: Page): Promise<readonly string[]> =>
  page.locator('.group strong').evaluateAll((names) => names.map(({ textContent }) => textContent));

/** Three workloads: one with two throttled pods, one with a warning, one whose trouble is over. */
async function threeWorkloads(): Promise<string> {
  const { url, store } = await runningOperator();
  await file(
    store,
    throttledSpec({ severity: 'warning', pod_name: 'cart-1', namespace: 'shop', workload: null }),
  );
  await file(store, throttledSpec({ pod_name: 'web-1' }));
  await file(store, throttledSpec({ pod_name: 'web-2', severity: 'warning', throttled_percent: 40 }));
  await file(
    store,
    full(KernelWhisperSpec, {
      pod_name: 'db-0',
      namespace: 'bank',
      kind: 'memory_pressure',
      severity: 'info',
      detected_at: new Date().toISOString(),
      memory: { usage_bytes: 0, usage_percent: 0 },
    }),
  );
  return url;
}

describeInChromium('the list of whispers', (look) => {
  it('groups them by workload, the worst first, and asks nobody but the operator', async () => {
    const { page, problems } = await look(await threeWorkloads());
    await page.locator('.whisper').nth(3).waitFor();
    expect(await groups(page)).toEqual(['Deployment/web']);
    expect((await rows(page)).map((row) => row.split(' ').slice(0, 2))).toEqual([
      ['critical', 'web-1'],
      ['warning', 'web-2'],
      ['warning', 'cart-1'],
      ['info', 'db-0'],
    ]);
    expect(await page.locator('header .counts').innerText()).toMatch(/1 critical\s+2 warning\s+1 info/);
    expect(problems).toEqual([]);
  });

  it('tells a figure that was not measured from one that is zero, and where each comes from', async () => {
    const { page } = await look(await threeWorkloads());
    const db = page.locator('.whisper', { hasText: 'db-0' });
    await db.waitFor();
    expect(await db.locator('.headline').innerText()).toBe('0% of the memory limit');
    expect(await db.locator('.comparison').innerText()).toMatch(/metrics not measured\s+kernel 0 B/);
    expect(await db.locator('.kernel .unmeasured').count()).toBe(0);
    const figure = page.locator('.whisper', { hasText: 'web-1' }).locator('.headline .amount');
    expect(await figure.getAttribute('title')).toMatch(
      /^Kernel, by kernel-gossip-observer on node-1; window of 30 s that ended \d\d:\d\d:\d\d; cgroup \/kubepods/,
    );
  });

  it('marks what was made up', async () => {
    const { url } = await runningOperator();
    await post(url, throttle({ provenance: 'synthetic' }));
    const { page } = await look(url);
    expect(await page.locator('.whisper .provenance').innerText()).toBe('synthetic');
  });

  it('filters by the address, and the address by the filters', async () => {
    const url = await threeWorkloads();
    const { page } = await look(`${url}/#/?namespace=shop&severity=warning`);
    await page.locator('.whisper').first().waitFor();
    expect(await rows(page)).toHaveLength(2);
    await page.getByLabel('Search').fill('cart');
    await expect.poll(() => rows(page)).toHaveLength(1);
    expect(new URL(page.url()).hash).toBe('#/?namespace=shop&severity=warning&text=cart');
    await page.getByLabel('Severity').selectOption('critical');
    await page.getByText('None of the 4 whispers is like that').waitFor();
    await page.getByRole('link', { name: 'Show all' }).click();
    await expect.poll(() => rows(page)).toHaveLength(4);
  });

  it('is gone through by keys', async () => {
    const { page } = await look(await threeWorkloads());
    await page.locator('.whisper').nth(3).waitFor();
    const selected = () => page.locator('.whisper[aria-current="true"] .pod').innerText();
    await page.keyboard.press('j');
    await expect.poll(selected).toBe('web-1');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await expect.poll(selected).toBe('web-2');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('main h2').innerText()).toBe('web-2');
    await page.keyboard.press('Escape');
    await expect.poll(() => rows(page)).toHaveLength(4);
    await page.keyboard.press('/');
    await page.keyboard.type('jk db');
    await expect.poll(() => page.getByLabel('Search').inputValue()).toBe('jk db');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await expect.poll(() => rows(page)).toHaveLength(4);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').isVisible()).toBe(false);
  });

  it('shows names with HTML or control characters as text', async () => {
    const { url, store } = await runningOperator();
    const evil = '<img src=x onerror=alert(1)>\u202E\u0007';
    await file(store, throttledSpec({ source: { name: evil } }));
    await post(url, throttle({ pod_name: 'web-2', source: 'x' }));
    const { page, problems } = await look(`${url}/#/pods/shop/web-1`);
    await page.getByText('Kernel, by <img src=x onerror=alert(1)>\\u{202e}\\x07').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
