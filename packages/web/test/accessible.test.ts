import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { post, runningOperator, throttle } from '../../operator/test/support/running-operator.ts';
import { describeInChromium } from './support/chromium.ts';
import { birth, file, provenRemedy, throttledSpec } from './support/findings.ts';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe finds wrong with the page, as it is now. */
async function violations(page: Page): Promise<readonly string[]> {
  // Evaluated by the browser's debugger, which the policy of the page does not bind.
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate<AxeResults>('axe.run()');
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
  );
}

async function everything(): Promise<string> {
  const { url, store } = await runningOperator();
  await file(store, throttledSpec());
  await file(store, throttledSpec({ pod_name: 'web-2', severity: 'warning' }));
  await post(url, [
    throttle({ pod_name: 'cart-1', provenance: 'synthetic' }),
    birth({ provenance: 'replayed' }),
  ]);
  await post(
    url,
    throttle({ pod_name: 'cart-1', ended: true, timestamp: new Date(Date.now() + 1000).toISOString() }),
  );
  const ref = { namespace: 'shop', name: 'web-1-cpu-throttle' };
  const fields = { remedy: provenRemedy() };
  await store.applyStatus('KernelWhisper', ref, { manager: 'kernel-gossip-remedy', fields });
  return url;
}

describeInChromium('the page for everybody', (look) => {
  it.each(['light', 'dark'] as const)('is found accessible by axe, in %s', async (colorScheme) => {
    const { page } = await look(await everything(), { colorScheme });
    await page.locator('.whisper.resolved').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'web-1' }).click();
    await page.getByText('Remedy: Proven').waitFor();
    await page.getByRole('region', { name: 'Birth certificate' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Births' }).click();
    await page.locator('.birth').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('takes the colours that are chosen, and keeps them', async () => {
    const { page } = await look(await everything(), { colorScheme: 'light' });
    const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await background();
    await page.keyboard.press('t');
    expect(await background()).toBe(light);
    await page.keyboard.press('t');
    await expect.poll(background).not.toBe(light);
    const dark = await background();
    await page.reload();
    await page.locator('.whisper').first().waitFor();
    expect(await background()).toBe(dark);
  });

  it('fits into 360 pixels', async () => {
    const url = await everything();
    const { page } = await look(url, { viewport: { width: 360, height: 640 } });
    const widths = () =>
      page.evaluate(() =>
        [document.documentElement, document.querySelector('main')].map((element) => element?.scrollWidth),
      );
    for (const [hash, sign] of [
      ['#/', '.whisper'],
      ['#/pods/shop/web-1', '.timeline'],
      ['#/births', '.birth'],
    ] as const) {
      await page.goto(`${url}/${hash}`);
      await page.locator(sign).first().waitFor();
      expect(await widths()).toEqual([360, 360]);
    }
  });
});
