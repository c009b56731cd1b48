import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeGroup, whyNoGroups } from './cgroup.ts';
import { listen } from './webhook.ts';

const bin = new URL('../bin/kernel-gossip-observer.js', import.meta.url).pathname;
const why = whyNoGroups();
const run = promisify(execFile);
const fail = async (...flags: readonly string[]) =>
  run(process.execPath, [bin, ...flags]).then(
    () => null,
    (error: unknown) => {
      const { code, stderr } = error as { readonly code: number; readonly stderr: string };
      return { code, stderr };
    },
  );

describe('the program', { timeout: 20_000 }, () => {
  it('ends at once with one line and code 2 when a setting is wrong', async () => {
    expect(await fail('--interval', 'often')).toEqual({
      code: 2,
      stderr:
        'kernel-gossip-observer: --interval: expected a duration from 100ms to 60s, such as 500ms, 1s or 2m, got "often"\n',
    });
    expect(await fail('--what')).toMatchObject({ code: 2 });
  });

  it('ends with code 1 where there are no cgroups', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
    const result = await fail('--cgroup-root', empty, '--log-level', 'silent');
    rmSync(empty, { recursive: true });
    expect(result).toMatchObject({ code: 1 });
    expect(result?.stderr).toContain(`no cpu controller below ${empty}`);
  });

  it('explains itself', async () => {
    const { stdout } = await run(process.execPath, [bin, '--help']);
    expect(stdout).toContain('--summary-interval');
    expect(stdout).toContain('NODE_NAME');
  });

  it.skipIf(why !== null)(
    'gives its metrics, those of containers among them, and says that it is ready',
    async () => {
      const group = makeGroup(`/kernel-gossip-test-${process.pid}`, 'a"b.service');
      onTestFinished(() => group.remove());
      group.setQuota(0.2);
      const operator = await listen();
      const settings = {
        url: operator.url,
        subtree: `/kernel-gossip-test-${process.pid}`,
        'metrics-port': '0',
      };
      const flags = Object.entries({ ...settings, 'container-metrics': 'true', 'local-names': 'true' });
      const child = spawn(process.execPath, [bin, ...flags.flatMap(([name, value]) => [`--${name}`, value])]);
      onTestFinished(() => void child.kill('SIGKILL'));
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const port = await new Promise<number>((resolve) => {
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8');
          const [, found] = /"port":(\d+),"msg":"metrics can be read"/.exec(output) ?? [];
          if (found !== undefined) resolve(Number(found));
        });
      });
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: response.status, text: await response.text() };
      };
      const { text } = await get('/metrics');
      const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
      expect(figure('process_cpu_seconds_total')).toBeGreaterThan(0);
      expect(figure('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
      expect(figure('kernel_gossip_observer_cgroups')).toBeGreaterThan(0);
      expect(figure('kernel_gossip_observer_sweeps_total')).toBeGreaterThan(0);
      expect(figure('kernel_gossip_observer_cpu_budget_cores')).toBe(0.05);
      expect(text).toContain(`container_spec_cpu_quota{id="${group.path.replace('"', '\\"')}"} 20000\n`);
      expect(text).not.toMatch(/NaN|null|undefined/);
      expect(await get('/readyz')).toEqual({ status: 200, text: 'ok\n' });
      expect((await get('/healthz')).status).toBe(200);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      await operator.close();
    },
  );

  it('ends with code 2 where its metrics cannot be had', async () => {
    const taken = await listen();
    onTestFinished(() => taken.close());
    expect(await fail('--metrics-port', String(taken.port), '--log-level', 'silent')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--metrics-port ${taken.port} on 127.0.0.1: `) as string,
    });
  });
});
