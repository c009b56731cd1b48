import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_CONFIG, sqliteBackend, startOperator } from 'kernel-gossip-operator';
import { json, scriptedServer, type Reply, type Seen } from '../../operator/src/cluster/testing.ts';
import { readReviewer } from '../../operator/src/authn/access-review.ts';
import { tokenReviewer } from '../../operator/src/authn/token-review.ts';
import {
  post,
  runningOperator,
  temporaryFolder,
  throttle,
} from '../../operator/test/support/running-operator.ts';
import { describeInChromium } from './support/chromium.ts';

describeInChromium('the live page', (look) => {
  it('shows what comes, changes and goes without being loaded again', async () => {
    const { url, store } = await runningOperator();
    const { page, problems } = await look(url);
    await page.getByText('Nobody whispers').waitFor();
    await page.evaluate(() => {
      document.title = 'the same page';
    });
    await post(url, throttle());
    await page.locator('.whisper', { hasText: '85.5%' }).waitFor();
    await post(
      url,
      throttle({ throttle_percentage: 99, timestamp: new Date(Date.now() + 1000).toISOString() }),
    );
    await post(url, throttle({ ended: true, timestamp: new Date(Date.now() + 2000).toISOString() }));
    await page.locator('.whisper.resolved').waitFor();
    const [whisper] = await store.list('KernelWhisper');
    await store.delete('KernelWhisper', whisper?.metadata ?? { namespace: '', name: '' });
    await page.getByText('Nobody whispers').waitFor();
    expect(await page.title()).toBe('the same page');
    expect(problems).toEqual([]);
  });

  it('recovers by itself when the operator restarts, and says so', async () => {
    const folder = temporaryFolder();
    const first = await runningOperator({}, folder);
    const port = Number(new URL(first.url).port);
    const { page } = await look(first.url);
    await post(first.url, throttle());
    await page.locator('.whisper').waitFor();
    await page.evaluate(() => {
      document.title = 'the same page';
    });
    await first.close();
    await page.getByText('reconnecting…', { exact: true }).waitFor();
    expect(await page.getByRole('status').innerText()).toMatch(
      /The operator is not reached since \d\d:\d\d:\d\d/,
    );
    expect(await page.locator('.whisper').count()).toBe(1);

    const second = await runningOperator({ port }, folder);
    await post(second.url, throttle({ pod_name: 'web-2' }));
    await page.getByText('The operator was restarted').waitFor();
    await page.locator('.whisper', { hasText: 'web-2' }).waitFor();
    expect(await page.getByText('live', { exact: true }).count()).toBe(1);
    expect(await page.title()).toBe('the same page');
  });

  it('says nothing of what is shown where nothing was ever read', async () => {
    const { url } = await runningOperator();
    const { page } = await look('about:blank');
    await page.route('**/api/**', (route) => route.abort());
    await page.goto(url);
    await page.getByText('The operator is not reached since').waitFor();
    expect(await page.getByRole('status').innerText()).not.toMatch(/What is shown/);
    await page.unroute('**/api/**');
    await page.getByText('Nobody whispers').waitFor();
  });

  it("tells times by the operator's clock where the browser's is off, and in which time zone", async () => {
    const { url } = await runningOperator();
    const measured = new Date();
    await post(url, throttle({ timestamp: measured.toISOString() }));
    const { page } = await look('about:blank', { timezoneId: 'Asia/Tokyo' });
    await page.clock.install({ time: Date.now() + 3_630_000 });
    await page.goto(url);
    await page.getByText(/^This browser's clock is 60m ahead of the operator's/).waitFor();
    await page.locator('.whisper .phase', { hasText: /^\d+s$/ }).waitFor();
    expect(await page.locator('header .zone').innerText()).toBe('Asia/Tokyo, GMT+9');
    const inTokyo = measured.toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' });
    // A day in front of the time would say that it was not today.
    expect(await page.locator('.whisper .amount').first().getAttribute('title')).toContain(
      `that ended ${inTokyo}`,
    );
  });

  it('lets go of its connection while nobody looks, and misses nothing', async () => {
    const { url } = await runningOperator();
    const readers = async (): Promise<number> =>
      Number(/^kernel_gossip_event_readers (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    const { page } = await look('about:blank');
    await page.clock.install();
    await page.goto(url);
    await page.getByText('Nobody whispers').waitFor();
    expect(await readers()).toBe(1);
    const turn = (visibilityState: 'hidden' | 'visible'): Promise<void> =>
      page.evaluate((state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, visibilityState);
    await turn('hidden');
    await page.clock.fastForward(61_000);
    await page.getByText('resting', { exact: true }).waitFor();
    await expect.poll(readers).toBe(0);
    await post(url, throttle());
    await turn('visible');
    await page.locator('.whisper').waitFor();
    expect(await readers()).toBe(1);
  });

  it('asks for a token where one is needed, and again when it has expired', async () => {
    const valid = new Set(['good']);
    /** Reviews as an API server makes them: every valid token is that of somebody who may list whispers. */
    const review = ({ body }: Seen): Reply => {
      const { token } = (body as { readonly spec: { readonly token?: string } }).spec;
      if (token === undefined) return json({ status: { allowed: true } }, 201);
      const user = { username: 'alice' };
      const status = valid.has(token) ? { authenticated: true, audiences: ['kernel-gossip'], user } : {};
      return json({ status }, 201);
    };
    const kubernetes = await scriptedServer(review);
    onTestFinished(() => kubernetes.close());
    let clock = 0;
    const now = (): number => clock;
    const backend = {
      ...sqliteBackend(temporaryFolder()),
      reviews: {
        reviewToken: tokenReviewer(kubernetes.api, { now }),
        mayRead: readReviewer(kubernetes.api, { now }),
        maySend: () => Promise.resolve(false),
      },
    };
    const config = {
      ...DEFAULT_CONFIG,
      port: 0,
      host: '127.0.0.1',
      readAuth: 'token',
      webhookAuth: 'none',
    } as const;
    const operator = await startOperator(config, backend, pino({ level: 'silent' }));
    onTestFinished(() => operator.close());
    await post(operator.url, throttle());

    const { page } = await look(operator.url);
    await page.getByText('Who are you?').waitFor();
    await page.getByLabel('Token').fill('bad');
    await page.getByRole('button', { name: 'Read with this token' }).click();
    await page.getByText('expected a token that is valid now').waitFor();
    await page.getByLabel('Token').fill('good\u200b');
    await page.keyboard.press('Enter');
    await page.getByText('This is no token').waitFor();
    await page.getByLabel('Token').fill(' good ');
    await page.keyboard.press('Enter');
    await page.locator('.whisper').waitFor();

    valid.clear();
    clock = 61_000;
    // The stream asks again with each sign of life, every 15 seconds.
    await page.getByText('Who are you?').waitFor({ timeout: 30_000 });
    expect(await page.locator('.whisper').count()).toBe(0);
    valid.add('new');
    await page.getByLabel('Token').fill('new');
    await page.keyboard.press('Enter');
    await page.locator('.whisper').waitFor();
  });
});
