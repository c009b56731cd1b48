import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { ROWS } from '../testing.ts';
import type { Row } from './cell.ts';
import { networkIssue } from './network-issue.ts';

const told = (changes: Row) => {
  const result = networkIssue.observe({ ...ROWS.network_issue, ...changes }, { source: 'pixie' });
  if (isLeft(result)) throw new Error(JSON.stringify(result.left));
  return result.right;
};

describe('a row about the network', () => {
  it('tells the share of what failed', () => {
    expect(told({})).toMatchObject({
      type: 'network_issue',
      symptom: 'retransmits',
      failure_percentage: 12.5,
      failed: 25,
      attempted: 200,
      latency_ms: 1.5,
      remote: 'shop/db-0',
      period_seconds: 60,
    });
  });

  it.each([
    ['retransmits', 3n, 60n, true],
    ['retransmits', 2n, 60n, false],
    ['retransmits', 40n, 49n, false],
    ['drops', 50n, 99n, false],
    ['drops', 5n, 100n, true],
    ['resets', 19n, 100n, false],
    ['resets', 4n, 20n, true],
    ['connection_failures', 2n, 10n, true],
    ['connection_failures', 19n, 100n, false],
    ['dns_failures', 1n, 20n, true],
    ['dns_failures', 0n, 1000n, false],
    ['resets', 30n, -1n, false],
  ])('%s: %i of %i', (symptom, failed, attempted, isTold) => {
    expect(told({ symptom, failed, attempted }) !== null).toBe(isTold);
  });

  it('never has more failures than attempts', () => {
    expect(told({ failed: 60n, attempted: 50n })).toMatchObject({ failure_percentage: 100, attempted: 60 });
  });
});
