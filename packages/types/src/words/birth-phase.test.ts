import { expect, it } from 'vitest';
import type { TimelineEntry } from '../observation/index.ts';
import { isBirthPhase } from './birth-phase.ts';

const entry = (parts: Partial<TimelineEntry> = {}): TimelineEntry => ({
  timestamp_ms: 400,
  actor: 'kubelet',
  action: 'pull the image',
  duration_ms: 1800,
  resolution_ms: null,
  clock: null,
  source: null,
  container_id: null,
  container_name: null,
  details: null,
  ...parts,
});
const phase = (action: string) =>
  ({ actor: 'kubelet', action, duration_ms: 1800, resolution_ms: null, share_percent: null }) as const;

it('knows a phase by its action, its container, who did it and how long it took', () => {
  const app = entry({ container_name: 'app' });
  expect(isBirthPhase(entry(), phase('pull the image'))).toBe(true);
  expect(isBirthPhase(app, phase('pull the image (app)'))).toBe(true);
  expect(isBirthPhase(entry(), phase('pull the image (sandbox)'))).toBe(true);
  expect(isBirthPhase(app, phase('pull the image (setup)'))).toBe(false);
  expect(isBirthPhase({ ...app, actor: 'runtime' }, phase('pull the image (app)'))).toBe(false);
  expect(isBirthPhase({ ...app, duration_ms: 1799 }, phase('pull the image (app)'))).toBe(false);
});
