import { describe, expect, it } from 'vitest';
import { PreviousRows } from './previous-rows.ts';

const row = (container_id: string, nr_periods_last = 0n) => ({ container_id, nr_periods_last });

describe('PreviousRows', () => {
  it('knows the row of the same container from the window before, and not from one before that', () => {
    const rows = new PreviousRows();
    rows.set('cpu_throttle', row('a', 1n));
    rows.turn();
    expect(rows.get('cpu_throttle', row('a'))).toEqual(row('a', 1n));
    expect(rows.get('cpu_throttle', row('b'))).toBeNull();
    rows.turn();
    expect(rows.get('cpu_throttle', row('a'))).toBeNull();
  });

  it('does not take the counters of one group for those of another', () => {
    const rows = new PreviousRows();
    rows.set('cpu_throttle', row('a', 1n));
    rows.set('cpu_throttle', row('a', 500n));
    rows.set('cpu_throttle', { ...row('b', 1n), quota_ns: 50_000_000n });
    rows.turn();
    expect(rows.get('cpu_throttle', row('a'))).toBeNull();
    expect(rows.get('cpu_throttle', { ...row('b'), quota_ns: 80_000_000n })).toBeNull();
  });

  it('remembers nothing across time that was left out', () => {
    const rows = new PreviousRows();
    rows.set('cpu_throttle', row('a'));
    rows.forget();
    expect(rows.get('cpu_throttle', row('a'))).toBeNull();
  });

  it('is of bounded size', () => {
    const rows = new PreviousRows(2);
    for (const id of ['a', 'b', 'c']) rows.set('cpu_throttle', row(id, 1n));
    rows.turn();
    expect(['a', 'b', 'c'].map((id) => rows.get('cpu_throttle', row(id)))).toEqual([
      row('a', 1n),
      row('b', 1n),
      null,
    ]);
  });

  it('keeps nothing of tables without counters, nor of containers without an id', () => {
    const rows = new PreviousRows();
    rows.set('http_requests', row('a'));
    rows.set('cpu_throttle', row(''));
    expect(rows.get('http_requests', row('a'))).toBeNull();
    expect(rows.get('cpu_throttle', row(''))).toBeNull();
  });
});
