import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halvesOfUuid, uuidOfHalves } from './uuid.ts';

describe('uuid', () => {
  it('writes the high half first', () => {
    const halves = { high: 0x1fae_01a7_62e9_4ab0n, low: 0x8a93_3c6d_29e3_00bbn };
    expect(uuidOfHalves(halves)).toBe('1fae01a7-62e9-4ab0-8a93-3c6d29e300bb');
    expect(uuidOfHalves({ high: 0n, low: 1n })).toBe('00000000-0000-0000-0000-000000000001');
  });

  it('gives back what it was made of', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (high, low) => {
          const text = uuidOfHalves({ high, low });
          expect(halvesOfUuid(text)).toEqual({ high, low });
          expect(halvesOfUuid(text.toUpperCase())).toEqual({ high, low });
        },
      ),
    );
  });

  it('takes every UUID, and nothing else', () => {
    fc.assert(fc.property(fc.uuid(), (text) => uuidOfHalves(halvesOfUuid(text)!) === text));
    for (const text of [
      '',
      'localhost',
      '1fae01a762e94ab08a933c6d29e300bb',
      '1fae01a7-62e9-4ab0-8a93-3c6d29e300bg',
    ]) {
      expect(halvesOfUuid(text)).toBeNull();
    }
  });
});
