import { describe, expect, it } from 'vitest';
import { packageEntries } from './sources.ts';

describe('a package in the guest', () => {
  const entries = packageEntries(['packages/observer']);
  const paths = entries.map(({ path }) => path);

  it('has its sources and no tests', () => {
    expect(paths).toContain('repository/packages/observer/src/index.ts');
    expect(paths.filter((path) => path.endsWith('.test.ts') && path.includes('/src/'))).toEqual([]);
  });

  it('has what it depends on, and what that depends on', () => {
    expect(paths).toContain('repository/packages/types/src/index.ts');
    expect(paths.some((path) => path.endsWith('node_modules/pino/package.json'))).toBe(true);
    expect(paths.some((path) => path.endsWith('node_modules/sonic-boom/package.json'))).toBe(true);
    expect(paths.some((path) => path.includes('node_modules/vitest/'))).toBe(false);
  });

  it('is linked where npm links it', () => {
    expect(entries).toContainEqual({
      type: 'link',
      path: 'repository/node_modules/kernel-gossip-types',
      target: '../packages/types',
    });
  });
});
