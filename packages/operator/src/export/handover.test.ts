import { expect, it } from 'vitest';
import type { FindingEvent } from './event.ts';
import { openHandover } from './handover.ts';

const event = (body: string): FindingEvent => ({
  name: 'kernel_gossip.whisper.opened',
  severity: 'info',
  atMs: 1,
  body,
  attributes: {},
});

/** A handover with a clock of its own. */
function handover() {
  const clock = { nowMs: 0 };
  const { tell, begin } = openHandover(() => clock.nowMs);
  const sent: string[] = [];
  return {
    clock,
    sent,
    tell: (body: string) => tell(event(body)),
    begin: () => begin(({ body }) => sent.push(body)),
  };
}

it('sends what comes while it leads, and at once', () => {
  const { sent, tell, begin } = handover();
  begin();
  tell('a');
  expect(sent).toEqual(['a']);
});

it('sends first, and once, what came in the half minute before', () => {
  const { clock, sent, tell, begin } = handover();
  tell('old');
  clock.nowMs = 1;
  tell('a');
  clock.nowMs = 30_000;
  tell('b');
  clock.nowMs = 30_001;
  const end = begin();
  tell('c');
  expect(sent).toEqual(['a', 'b', 'c']);
  end();
  tell('d');
  expect(sent).toHaveLength(3);
  begin();
  expect(sent).toEqual(['a', 'b', 'c', 'd']);
});

it('sends nothing of before when that is long ago, and keeps the latest 2048 at most', () => {
  const { clock, sent, tell, begin } = handover();
  for (let at = 0; at < 3000; at += 1) tell(`${at}`);
  begin()();
  expect([sent.length, sent.at(0), sent.at(-1)]).toEqual([2048, '952', '2999']);
  tell('a');
  clock.nowMs = 30_001;
  begin();
  expect(sent).toHaveLength(2048);
});

it('says of what it kept when that was', () => {
  const { tell, begin } = openHandover();
  const before = Date.now();
  tell({ ...event('a'), atMs: null });
  begin(({ atMs }) => {
    expect(atMs).toBeGreaterThanOrEqual(before);
  });
  expect.assertions(1);
});
