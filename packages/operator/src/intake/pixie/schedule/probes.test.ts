import { describe, expect, it } from 'vitest';
import { leavesProbes, needsProbes, removalOf, withProbes } from './probes.ts';
import { failed, newState } from './script-state.ts';

const NOON = Date.UTC(2026, 2, 15, 12);
const TEN_MINUTES = { mutation: true, probeTtlSeconds: 600, tracepoints: ['kg_tcp_v1'] };
const asked = withProbes(newState('network_issue_finder'), TEN_MINUTES, NOON);

describe('probes', () => {
  it('are asked for at first, when half of their time is over, and after a failure', () => {
    expect(needsProbes(TEN_MINUTES, newState('network_issue_finder'), NOON)).toBe(true);
    expect(needsProbes(TEN_MINUTES, asked, NOON + 300_000)).toBe(false);
    expect(needsProbes(TEN_MINUTES, asked, NOON + 300_001)).toBe(true);
    expect(needsProbes(TEN_MINUTES, failed(asked, 'no such table'), NOON + 1)).toBe(true);
  });

  it('are never asked for by a script that has none', () => {
    const none = { mutation: false, probeTtlSeconds: null, tracepoints: [] };
    expect(needsProbes(none, newState('network_flow'), NOON)).toBe(false);
  });

  it('are left behind until they expire', () => {
    expect(leavesProbes(asked, NOON + 599_999)).toBe(true);
    expect(leavesProbes(asked, NOON + 600_000)).toBe(false);
    expect(leavesProbes(newState('network_flow'), NOON)).toBe(false);
  });

  it('are removed by name, and what is no name is no PxL either', () => {
    expect(removalOf(['kg_tcp_v1', `x'); import os`])).toBe(
      [
        'import px',
        'import pxtrace',
        `pxtrace.DeleteTracepoint('kg_tcp_v1')`,
        `px.display(px.GetTracepointStatus(), 'tracepoints')`,
        '',
      ].join('\n'),
    );
  });
});
