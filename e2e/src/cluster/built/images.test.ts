import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { dockerArchive } from './images.ts';
import { tar } from './tar.ts';

/** GNU tar is the judge of what a tar archive is. */
function list(archive: Buffer): readonly string[] {
  const result = spawnSync('tar', ['-tvf', '-', '--utc'], { input: archive });
  expect(result.stderr.toString()).toBe('');
  return result.stdout.toString().trim().split('\n');
}

describe('tar', () => {
  it('writes files, links and directories that tar reads', () => {
    const lines = list(
      tar([
        { type: 'directory', path: 'bin/' },
        { type: 'file', path: 'bin/busybox', content: Buffer.alloc(513, 'x'), mode: 0o755 },
        { type: 'link', path: 'bin/sh', target: 'busybox' },
      ]),
    );
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^drwxr-xr-x 0\/0 .* bin\/$/);
    expect(lines[1]).toMatch(/^-rwxr-xr-x 0\/0 .* 513 1970-01-01 00:00 bin\/busybox$/);
    expect(lines[2]).toMatch(/^lrwxrwxrwx 0\/0 .* bin\/sh -> busybox$/);
  });

  it('refuses a name that ustar cannot hold', () => {
    expect(() => tar([{ type: 'directory', path: 'd'.repeat(101) }])).toThrow('too long');
  });
});

describe('a docker-archive', () => {
  it('has a manifest, a config and the layer', () => {
    const lines = list(dockerArchive('localhost/x:1', tar([]), ['/bin/sh']));
    expect(lines.map((line) => line.split(' ').at(-1))).toStrictEqual([
      expect.stringMatching(/^[0-9a-f]{64}\.json$/),
      'layer.tar',
      'manifest.json',
    ]);
  });
});
