import { expect, it } from 'vitest';
import { post, runningOperator } from '../../operator/test/support/running-operator.ts';
import { describeInChromium } from './support/chromium.ts';
import { birth, file, metricsSample, provenRemedy, throttledSpec } from './support/findings.ts';

const POD = '#/pods/shop/web-1';
const NAME = 'web-1-cpu-throttle';

describeInChromium("a pod's story", (look) => {
  it('has what metrics said and what the kernel said on one axis, with the remedy before and after', async () => {
    const { url, store } = await runningOperator();
    await file(store, throttledSpec());
    const ref = { namespace: 'shop', name: NAME };
    await store.applyStatus('KernelWhisper', ref, {
      manager: 'kernel-gossip-metrics',
      fields: { metrics: metricsSample() },
    });
    await store.applyStatus('KernelWhisper', ref, {
      manager: 'kernel-gossip-remedy',
      fields: { remedy: provenRemedy() },
    });
    const { page, problems } = await look(`${url}/${POD}`);

    const axis = page.getByRole('region', { name: 'What metrics said and what the kernel said' });
    await axis.getByText('CPU of app').first().waitFor();
    expect(await axis.locator('canvas').count()).toBe(2);
    await axis.getByText('These figures as a table').click();
    const figures = await axis.locator('tbody tr').allInnerTexts();
    expect(figures.map((row) => row.replaceAll(/\s+/g, ' ').replace(/^(\S+ ){2}/, ''))).toEqual(
      expect.arrayContaining([
        'CPU of app. Kernel: used 0.98 cores',
        'CPU of app. Metrics: used 0.35 cores',
        'CPU of app. Limit in force 1 core',
        'CPU of app. Limit in force 2 cores',
        'CPU of app. Kernel: used 1.61 cores',
        'Periods of app that were throttled. Kernel: throttled 86%',
        'Periods of app that were throttled. Kernel: throttled 0.67%',
      ]),
    );
    expect(await axis.innerText()).toMatch(/This page has listened since \d\d:\d\d:\d\d/);

    const story = page.getByRole('region', { name: 'CPU throttling, app' });
    await story.getByText('Remedy: Proven').waitFor();
    const words = await story.innerText();
    expect(words).toMatch(/CPU limit 1 → 2/);
    expect(words).toMatch(/CPU limit\s+1 core\s+2 cores/);
    expect(words).toMatch(/Throttled\s+258 of 300\s+2 of 300/);
    expect(words).toMatch(/withholds 99.84% less run time/);
    expect(words).toMatch(/Threads\s+not measured/);
    expect(problems).toEqual([]);
  });

  it('of what was undone says neither that something was sent nor what was decided, where nobody tells', async () => {
    const { url, store } = await runningOperator();
    await file(store, throttledSpec());
    const proven = provenRemedy();
    // The old limits were there already.
    const undone = { ...proven, phase: 'TakingBack', from: proven.original, to: proven.original } as const;
    await store.applyStatus(
      'KernelWhisper',
      { namespace: 'shop', name: NAME },
      { manager: 'kernel-gossip-remedy', fields: { remedy: undone } },
    );
    const { page, problems } = await look(`${url}/${POD}`);
    await page.getByText(/^Upright lines: \S+ an earlier decision\.$/).waitFor();
    const story = page.getByRole('region', { name: 'CPU throttling, app' });
    await story.getByText('Remedy: TakingBack').waitFor();
    expect(await story.innerText()).not.toMatch(/sent \d/);
    expect(problems).toEqual([]);
  });

  it('draws figures where they were measured, and nothing elsewhere', async () => {
    const { url, store } = await runningOperator();
    await file(store, throttledSpec());
    const { page } = await look(`${url}/${POD}`);
    const drawn = page.locator('canvas').last();
    await drawn.waitFor();
    // The share of the pixels of each column that are red: the throttled time, filled in.
    const isRed = await drawn.evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const data =
        (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      return Array.from({ length: width }, (_, x) =>
        Array.from({ length: height }, (_, y) => (y * width + x) * 4).some(
          (at) => (data[at + 3] ?? 0) > 30 && (data[at] ?? 0) > (data[at + 1] ?? 0) + 60,
        ),
      );
    });
    const first = isRed.indexOf(true);
    const last = isRed.lastIndexOf(true);
    expect(first).toBeGreaterThan(0);
    expect(isRed.slice(first, last).every(Boolean)).toBe(true);
    expect(last - first).toBeGreaterThan(50);
    expect(isRed.slice(last + 1)).toContain(false);
  });

  it('shows a birth to scale, a lane for each actor, and names the slowest phase', async () => {
    const { url } = await runningOperator();
    await post(url, birth());
    const { page, problems } = await look(`${url}/${POD}`);
    const certificate = page.getByRole('region', { name: 'Birth certificate' });
    await certificate.getByText('Slowest: kubelet pull the image').waitFor();
    expect(
      await certificate.getByRole('region').evaluateAll((lanes) => lanes.map(({ ariaLabel }) => ariaLabel)),
    ).toEqual(['scheduler', 'kubelet', 'runtime', 'cni', 'kernel']);
    const [track, bar] = await Promise.all([
      certificate.locator('.slowest .track').boundingBox(),
      certificate.locator('.slowest .certain').boundingBox(),
    ]);
    if (track === null || bar === null) throw new Error('nothing is drawn');
    expect((bar.x - track.x) / track.width).toBeCloseTo(400 / 2350, 1);
    expect(bar.width / track.width).toBeCloseTo(1800 / 2350, 1);
    const counted = await certificate.locator('.counts-of-birth').innerText();
    expect(counted).toMatch(/System calls\s+847/);
    expect(counted).toMatch(/Cgroup writes\s+not measured/);
    expect(problems).toEqual([]);
  });

  it('says of a pod without a whisper no more than that there is none here', async () => {
    const { url } = await runningOperator();
    const { page } = await look(`${url}/#/pods/shop/quiet-1`);
    await page.getByText('There is no whisper here about a pod of this name').waitFor();
    expect(await page.getByText(/neither an observer nor Pixie/).count()).toBe(0);
    await page.getByRole('region', { name: 'Birth' }).getByText('not recorded').waitFor();
  });
});
