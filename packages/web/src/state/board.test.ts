import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KernelWhisper } from 'kernel-gossip-types';
import { changeOf } from '../live/changes.ts';
import { certificate, whisper } from '../testing/whispers.ts';
import { createBoard, type Board } from './board.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const NAMED = 'shop/web-1-cpu';
const at = (second: number): KernelWhisper =>
  whisper({ measured_at: new Date(Date.UTC(2026, 2, 15, 10, 0, second)).toISOString() });

const listing = (...items: readonly KernelWhisper[]): Board => {
  const board = createBoard(Date.now);
  board.replace({ items, unreadable: [] }, { items: [certificate()], unreadable: [] });
  return board;
};

/** What the stream of changes says, drawn. */
const hear = (board: Board, type: string, object: unknown): void => {
  const change = changeOf(JSON.stringify({ type, object }));
  if (change !== null) board.change(change);
  vi.advanceTimersByTime(1000);
};

const stateOf = ({ whispers, certificates, unreadable }: Board): readonly number[] => [
  whispers.value.length,
  certificates.value.length,
  unreadable.value,
];

it('leaves out an object of a newer operator, counts it once however often it changes, and lets it go', () => {
  const board = listing(whisper(), whisper({}, null, 'other'));
  const newer = { ...whisper(), spec: { ...whisper().spec, severity: 'catastrophic' } };
  for (let times = 0; times < 40; times += 1) hear(board, 'MODIFIED', newer);
  expect(stateOf(board)).toEqual([1, 1, 1]);
  hear(board, 'MODIFIED', { ...certificate(), spec: 'of a newer kind' });
  expect(stateOf(board)).toEqual([1, 0, 2]);
  hear(board, 'DELETED', newer);
  hear(board, 'MODIFIED', certificate());
  expect(stateOf(board)).toEqual([1, 1, 0]);
  hear(board, 'MODIFIED', newer);
  hear(board, 'MODIFIED', whisper());
  expect(stateOf(board)).toEqual([2, 1, 0]);
});

it('counts what of a list could not be read until another list says otherwise', () => {
  const board = listing();
  const none = { items: [], unreadable: [] };
  board.replace({ items: [], unreadable: ['shop/a', 'shop/b'] }, { items: [], unreadable: ['shop/a'] });
  expect(board.unreadable.value).toBe(3);
  hear(board, 'DELETED', { ...whisper({}, null, 'a'), spec: null });
  expect(board.unreadable.value).toBe(2);
  board.replace(none, none);
  expect(board.unreadable.value).toBe(0);
});

it('remembers what a whisper said over a list that is read again, until it is deleted or in no list', () => {
  const board = listing(at(1), whisper({}, null, 'other'));
  const windows = (): number | undefined => board.history.get(NAMED)?.panels.at(-1)?.tracks[0]?.spans.length;
  hear(board, 'MODIFIED', at(2));
  board.replace({ items: [at(3)], unreadable: [] }, { items: [], unreadable: [] });
  expect(windows()).toBe(3);
  hear(board, 'DELETED', at(3));
  expect(windows()).toBeUndefined();
  hear(board, 'ADDED', at(4));
  hear(board, 'MODIFIED', at(5));
  expect(windows()).toBe(2);
  board.replace({ items: [whisper({}, null, 'other')], unreadable: [] }, { items: [], unreadable: [] });
  expect(windows()).toBeUndefined();
  expect(board.whispers.value.map(({ key }) => key)).toEqual(['shop/other']);
});
