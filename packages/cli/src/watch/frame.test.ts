import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOW, whisper } from '../testing/whispers.ts';
import { widthOf } from '../terminal/width.ts';
import { frame, type Scene } from './frame.ts';
import { hold, TREND_LENGTH, type HeldWhisper } from './held.ts';
import { keysOf } from './keys.ts';
import { afterKey, FIRST_VIEW, type View } from './view.ts';

const pods = (count: number): readonly HeldWhisper[] => {
  const held = new Map<string, HeldWhisper>();
  const objects = Array.from({ length: count }, (_, index) =>
    whisper({
      name: `w-${index}`,
      namespace: `ns-${index % 3}`,
      spec: {
        pod_name: `pod-${index}`,
        workload: index % 2 === 0 ? { kind: 'Deployment', name: `d-${index % 5}` } : null,
        severity: (['critical', 'warning', 'info'] as const)[index % 3],
      },
      status: { phase: index % 7 === 6 ? 'Resolved' : 'Open' },
    }),
  );
  hold(held, { type: 'everything', objects });
  return [...held.values()];
};

const scene = (parts: Partial<Scene>): Scene => ({
  target: 'operator at http://127.0.0.1:8080',
  whispers: [],
  view: FIRST_VIEW,
  stale: null,
  now: NOW,
  size: { columns: 100, rows: 30 },
  chalk: new Chalk({ level: 0 }),
  ...parts,
});

const MANY = pods(40);
const keys = fc.array(
  fc.constantFrom(
    'up',
    'down',
    'pageUp',
    'pageDown',
    'home',
    'end',
    's',
    'r',
    '/',
    'd',
    'enter',
    'escape',
    'p',
    'x',
  ),
);

describe('the picture', () => {
  test('says of what is made up that it is, however little of a text there is room for', () => {
    const held = new Map<string, HeldWhisper>();
    hold(held, { type: 'everything', objects: [whisper({ spec: { provenance: 'synthetic' } })] });
    const { lines } = frame(scene({ whispers: [...held.values()], size: { columns: 80, rows: 10 } }));
    expect(lines.find((line) => line.startsWith('>'))).toContain('(synthetic) ');
  });

  test('fits the screen, and what is selected is always on it, whatever was pressed', () => {
    fc.assert(
      fc.property(
        keys,
        fc.integer({ min: 4, max: 60 }),
        fc.integer({ min: 50, max: 200 }),
        (pressed, rows, columns) => {
          const size = { columns, rows };
          const view = pressed.reduce<View>(
            (before, key) =>
              afterKey(before, key, frame(scene({ whispers: MANY, view: before, size })).shown) ?? before,
            FIRST_VIEW,
          );
          const { lines, shown } = frame(scene({ whispers: MANY, view, size }));
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
          expect(lines.filter((line) => line.startsWith('> '))).toHaveLength(shown.keys.length === 0 ? 0 : 1);
        },
      ),
    );
  });

  test('each whisper is reached by going down, each once', () => {
    const size = { columns: 100, rows: 12 };
    const seen: string[] = [];
    let view = FIRST_VIEW;
    while (seen.length < MANY.length) {
      const { lines, shown } = frame(scene({ whispers: MANY, view, size }));
      seen.push(lines.find((line) => line.startsWith('> ')) ?? '');
      view = afterKey(view, 'down', shown) ?? view;
    }
    const open = MANY.filter(({ whisper: { status } }) => status?.phase === 'Open');
    expect(new Set(seen).size).toBe(open.length);
  });

  test('says what it means when there is nothing', () => {
    expect(frame(scene({})).lines.join('\n')).toContain('Nobody whispers');
    expect(frame(scene({ stale: 'connecting' })).lines.join('\n')).toContain('Nothing was heard yet');
    const view = { ...FIRST_VIEW, filter: 'zzz' };
    expect(frame(scene({ whispers: MANY, view })).lines.join('\n')).toContain('No whisper has "zzz"');
  });
});

test('a trend has a sign for each figure, and is bounded', () => {
  const held = new Map<string, HeldWhisper>();
  const at = (second: number, percent: number): void =>
    hold(held, {
      type: 'change',
      change: {
        type: 'MODIFIED',
        object: whisper({
          spec: { throttled_percent: percent, measured_at: new Date(NOW + second * 1000).toISOString() },
        }),
      },
    });
  const trend = (): unknown => [...held.values()][0]?.trend;
  at(0, 50);
  at(0, 50);
  expect(trend()).toEqual([50]);
  at(10, 50);
  at(20, 0);
  expect(trend()).toEqual([50, 50, 0]);
  for (let second = 30; second < 130; second += 1) at(second, second % 100);
  expect(trend()).toHaveLength(TREND_LENGTH);
  hold(held, { type: 'everything', objects: [] });
  expect(held.size).toBe(0);
});

test.each([
  ['jj', ['j', 'j']],
  ['\u001b[A\u001bOB\u001b[5~', ['up', 'down', 'pageUp']],
  ['\u001b', ['escape']],
  ['\u001b[1;5C', []],
  ['ä\r\u007f', ['ä', 'enter', 'backspace']],
])('%j is the keys %j', (text, pressed) => expect(keysOf(text)).toEqual(pressed));
