import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowKey, SeenRows } from './seen-rows.ts';

describe('SeenRows', () => {
  it('is a set', () => {
    const keys = fc.array(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { maxLength: 3000 });
    fc.assert(
      fc.property(keys, fc.array(fc.integer({ min: 1, max: 5000 })), (added, asked) => {
        const seen = new SeenRows();
        for (const key of added) seen.add(key);
        const model = new Set(added);
        expect(seen.size).toBe(model.size);
        for (const key of [...added, ...asked]) expect(seen.has(key)).toBe(model.has(key));
      }),
    );
  });

  it('holds a million rows in 20 MB', () => {
    const seen = new SeenRows();
    const before = process.memoryUsage().arrayBuffers;
    for (let key = 1; key <= 1_000_000; key += 1) seen.add(key * 8_388_617);
    expect(seen.size).toBe(1_000_000);
    // The table that was grown from may not have been collected yet.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40e6);
  });
});

describe('rowKey', () => {
  const row = { time_: 1_710_498_600_123_456_789n, pod: 'shop/web-1', requests: 3n };

  it('is the same for the same row, and another one for any other', () => {
    expect(rowKey('http_requests', { ...row })).toBe(rowKey('http_requests', row));
    const others = [
      rowKey('network_flows', row),
      rowKey('http_requests', { ...row, time_: 1_710_498_600_123_456_788n }),
      rowKey('http_requests', { ...row, pod: 'shop/web-2' }),
    ];
    expect(new Set([rowKey('http_requests', row), ...others]).size).toBe(4);
  });

  it('is a whole number above 0 that a double holds exactly', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (table, pod) => {
        const key = rowKey(table, { pod });
        expect(Number.isSafeInteger(key) && key > 0).toBe(true);
      }),
    );
  });
});
