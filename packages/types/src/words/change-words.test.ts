import { expect, it } from 'vitest';
import type { ContainerResources } from '../resource/index.ts';
import { changeText } from './change-words.ts';

const resources = (parts: Partial<ContainerResources>): ContainerResources => ({
  cpu_limit: null,
  cpu_request: null,
  memory_limit: null,
  memory_request: null,
  ...parts,
});

it('tells what changes, and nothing of what stays', () => {
  const from = resources({ cpu_limit: '200m', cpu_request: '100m' });
  expect(changeText(from, { ...from, cpu_limit: '300m' })).toBe('CPU limit 200m → 300m');
  expect(changeText(from, resources({ cpu_request: '100m', memory_limit: '64Mi' }))).toBe(
    'CPU limit 200m → none, memory limit none → 64Mi',
  );
  expect(changeText(null, from)).toBe('CPU limit none → 200m, CPU request none → 100m');
});

it('tells of no change where there is none, or none is stated', () => {
  const from = resources({ cpu_limit: '200m' });
  expect([changeText(from, from), changeText(null, resources({})), changeText(from, null)]).toEqual([
    null,
    null,
    null,
  ]);
});

it('shows what could act on a terminal', () => {
  expect(changeText(null, resources({ cpu_limit: '1\u001b[2J' }))).toBe('CPU limit none → 1\\x1b[2J');
});
