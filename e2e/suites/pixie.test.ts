import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { KernelWhisper, PixieSource } from 'kernel-gossip-types';
import { pixieTable, windowIn } from '../../packages/operator/test/support/pixie-play.ts';
import {
  startPixieServer,
  type PixieServer,
} from '../../packages/operator/test/support/pixie-server/index.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, OPERATOR_NAMESPACE, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';
import {
  isReady,
  serviceAccountConfig,
  startOperator,
  type Operator,
  type ServiceAccountConfig,
} from '../src/operator.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-pixie';
const SCRIPT = 'memory_pressure_monitor';

/** A standalone PEM on whose node a process was killed for want of memory in every window. */
const pem = (): Promise<PixieServer> =>
  startPixieServer({
    scripts: ({ query }) => {
      const { startNs, endNs } = windowIn(query);
      const container = { pod: `${NAMESPACE}/web-1`, container: 'app', container_id: '3b'.repeat(32) };
      const window = { first_time: startNs, time_: endNs };
      return pixieTable('memory_pressure', [
        { ...container, ...window, usage_bytes: 97n, rss_bytes: 96n, limit_bytes: 100n, oom_kills: 1n },
      ]);
    },
  });

const source = async (): Promise<PixieSource> =>
  JSON.parse(
    await succeed(kubectl, ['get', 'pxs', 'pixie', '-n', OPERATOR_NAMESPACE, '-o', 'json']),
  ) as PixieSource;
const readyIn = ({ status }: PixieSource) => status?.conditions?.find(({ type }) => type === 'Ready');

const whispers = async (): Promise<readonly KernelWhisper[]> =>
  (
    JSON.parse(await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE, '-o', 'json'])) as {
      readonly items: readonly KernelWhisper[];
    }
  ).items;

describe('an operator that asks Pixie, on a real cluster with its own service account', () => {
  const state: {
    account?: ServiceAccountConfig;
    server?: PixieServer;
    removeNamespace?: () => Promise<void>;
  } = {};
  const account = (): ServiceAccountConfig => {
    if (state.account === undefined) throw new Error('there is no account yet');
    return state.account;
  };
  const server = (): PixieServer => {
    if (state.server === undefined) throw new Error('there is no Pixie yet');
    return state.server;
  };
  const replica = async (): Promise<Operator> => {
    const operator = await startOperator(account(), [
      ...['--pixie-direct-addr', server().url, '--pixie-scripts', SCRIPT],
    ]);
    onTestFinished(async () => {
      await operator.stop('SIGKILL');
    });
    await until('the replica to be ready', { timeoutMs: 60_000 }, async () =>
      (await isReady(operator.url)) ? true : undefined,
    );
    return operator;
  };

  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
    state.account = await serviceAccountConfig(cluster, OPERATOR_NAMESPACE, 'kernel-gossip-operator');
    state.server = await pem();
  });
  afterAll(async () => {
    await state.server?.close();
    state.account?.remove();
    await state.removeNamespace?.();
  });

  it('may write down what it knows of Pixie in its own namespace, and nowhere else', async () => {
    const can = async (...words: readonly string[]) =>
      (await account().kubectl(['auth', 'can-i', ...words])).stdout.trim();
    const kind = 'pixiesources.kernel.gossip.io';
    const own = ['-n', OPERATOR_NAMESPACE];
    expect(await can('get', `${kind}/pixie`, ...own)).toBe('yes');
    expect(await can('patch', `${kind}/pixie`, '--subresource=status', ...own)).toBe('yes');
    expect(await can('patch', `${kind}/another`, ...own)).toBe('no');
    expect(await can('delete', `${kind}/pixie`, ...own)).toBe('no');
    expect(await can('get', `${kind}/pixie`, '-n', NAMESPACE)).toBe('no');
    expect(await can('list', kind, '-A')).toBe('no');
  });

  it('files what Pixie saw, and a replica that takes over leaves out no window and cuts none anew', async () => {
    const first = await replica();
    const found = await until(
      'the whisper',
      { timeoutMs: 60_000, everyMs: 200 },
      async () => (await whispers())[0],
    );
    expect(found.spec).toMatchObject({ kind: 'memory_pressure', source: { name: 'pixie' } });
    await until('the PixieSource to be ready', { timeoutMs: 60_000, everyMs: 200 }, async () =>
      readyIn(await source())?.status === 'True' ? true : undefined,
    );
    expect((await succeed(kubectl, ['get', 'pxs', '-n', OPERATOR_NAMESPACE])).split(/\s+/)).toEqual(
      expect.arrayContaining(['READY', 'REASON', 'True', 'Connected']),
    );

    const second = await replica();
    const takenBefore = (await source()).status?.scripts?.[0]?.window_end ?? '';
    await first.stop('SIGKILL');
    await until('the second replica to go on', { timeoutMs: 150_000, everyMs: 500 }, async () =>
      ((await source()).status?.scripts?.[0]?.window_end ?? '') > takenBefore ? true : undefined,
    );
    const asked = server().received.map(({ query }) => windowIn(query));
    // A window that was under way when its replica was killed is run again, the same one.
    const windows = asked.filter(({ startNs }, index) => startNs !== asked[index - 1]?.startNs);
    expect(windows.length).toBeGreaterThanOrEqual(2);
    windows.slice(1).forEach(({ startNs }, index) => {
      expect(startNs).toBe((windows[index]?.endNs ?? 0n) + 1n);
    });
    expect(second.log.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  it('is ready without Pixie, and says on the object that it is away', async () => {
    await server().close();
    const operator = await replica();
    await until('the condition', { timeoutMs: 90_000, everyMs: 500 }, async () =>
      readyIn(await source())?.reason === 'Unreachable' ? true : undefined,
    );
    expect(await isReady(operator.url)).toBe(true);
  });
});
