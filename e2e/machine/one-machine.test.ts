import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { KernelWhisperList } from 'kernel-gossip-types';
import { run } from '../src/command.ts';
import { REPOSITORY } from '../src/install.ts';
import { startProgram, type Program } from '../src/program.ts';

const BIN = 'packages/cli/bin/kgossip.js';
const kgossip = (...args: readonly string[]) => run(process.execPath, [join(REPOSITORY, BIN), ...args]);

/** Starts `kgossip up` on a free port; resolves with where it listens. */
async function up(dataDir: string): Promise<{ readonly program: Program; readonly url: string }> {
  const program = startProgram(BIN, ['up', '--port', '0', '--data', dataDir, '--no-observer']);
  const line = await program.line(/http:\/\/127\.0\.0\.1:\d+/);
  return { program, url: /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? '' };
}

const whispers = async (url: string): Promise<KernelWhisperList['items']> => {
  const { stdout } = await kgossip('--url', url, 'whispers', '-A', '-o', 'json');
  return (JSON.parse(stdout) as KernelWhisperList).items;
};

describe('one machine', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
  afterAll(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('shows what was sent, also after it was killed and started again', async () => {
    const first = await up(dataDir);
    const sent = await kgossip(
      ...['--url', first.url, 'send-throttle', '--pod', 'web-1', '--namespace', 'shop', '--container', 'app'],
      ...['--throttled', '85.5', '--actual-cpu', '0.98', '--reported-cpu', '0.35', '--period', '60'],
    );
    expect(sent.code).toBe(0);
    const wanted = [
      {
        spec: { provenance: 'synthetic' },
        status: {
          insight: 'Pod experiencing high CPU throttling at 85.5%',
          kernel_evidence: 'Kernel shows 85.5% throttled time',
        },
      },
    ];
    expect(await whispers(first.url)).toMatchObject(wanted);
    await first.program.stop('SIGKILL');
    const second = await up(dataDir);
    expect(await whispers(second.url)).toMatchObject(wanted);
    expect(await second.program.stop('SIGTERM')).toBe(0);
  });

  it('has a demo that ends by itself without a terminal', async () => {
    const demo = await run('npm', ['run', 'demo'], { cwd: REPOSITORY });
    expect(demo.code).toBe(0);
    expect(demo.stdout).toMatch(/What the average says/i);
    expect(demo.stdout).toMatch(/What the kernel says/i);
    expect(demo.stdout).toContain('POD BIRTH CERTIFICATE');
  });
});
