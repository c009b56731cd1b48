import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const bin = new URL('../bin/kernel-gossip-observer.js', import.meta.url).pathname;
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
});
