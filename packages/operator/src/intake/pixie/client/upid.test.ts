import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { upidOf } from './upid.ts';
import { uuidOfHalves } from './uuid.ts';

const WORD = 2 ** 32 - 1;

describe('upidOf', () => {
  it('takes agent, process and start apart', () => {
    expect(upidOf('00000007-0000-3039-0000-000000bc614e')).toEqual({
      asid: 7,
      pid: 12_345,
      startTicks: 12_345_678n,
    });
  });

  it('gives back what a UPID was made of', () => {
    fc.assert(
      fc.property(
        fc.nat(WORD),
        fc.nat(WORD),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (asid, pid, startTicks) => {
          const text = uuidOfHalves({ high: (BigInt(asid) << 32n) | BigInt(pid), low: startTicks });
          expect(upidOf(text)).toEqual({ asid, pid, startTicks });
        },
      ),
    );
  });

  it('says nothing about what is none', () => {
    expect(upidOf('')).toBeNull();
    expect(upidOf('12345')).toBeNull();
  });
});
