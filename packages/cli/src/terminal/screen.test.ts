import { expect, test, vi } from 'vitest';
import { scriptedOperator } from '../testing/scripted-operator.ts';
import { inTerminal, type TerminalOptions, type TerminalSession } from '../testing/terminal.ts';
import { whisper } from '../testing/whispers.ts';

// A program is started for each test, and other tests may want the processors too.
vi.setConfig({ testTimeout: 60_000 });

const ENTERS = '\u001b[?1049h';
const LEAVES = '\u001b[?1049l';
const PODS = ['web-1', 'web-2', 'web-3', 'web-4'];

/** `kgossip watch` with a few whispers to move about in. */
async function watching(options: TerminalOptions = {}) {
  const peer = await scriptedOperator();
  peer.script.whispers = PODS.map((pod) => whisper({ name: pod, spec: { pod_name: pod } }));
  const terminal = inTerminal(['--url', peer.url, 'watch'], options);
  await terminal.sees(/> critical +web-1/);
  return { terminal, [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose]() };
}

const hasWritten = (terminal: TerminalSession, text: string, times: number): Promise<void> =>
  vi.waitFor(() => expect(terminal.raw().split(text)).toHaveLength(times + 1), {
    timeout: 20_000,
    interval: 50,
  });

test('Ctrl-Z gives the terminal to the shell, which sees no picture until it says fg', async () => {
  // Longer than a picture stands, so that the next one is due before anything else.
  await using session = await watching({ afterwards: 'echo AWAY; read line; sleep 1.5; fg' });
  const { terminal } = session;
  terminal.type('\u001a');
  await hasWritten(terminal, 'AWAY', 1);
  terminal.type('\n');
  await hasWritten(terminal, ENTERS, 2);
  await terminal.sees(/> critical +web-1/);
  const [shell] = terminal.raw().split(LEAVES)[1]?.split(ENTERS) ?? [];
  expect(shell).toContain('AWAY');
  expect(shell).not.toContain('\u001b');
  terminal.type('q');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.raw().split(ENTERS)).toHaveLength(3);
  expect(terminal.raw().split(LEAVES)).toHaveLength(3);
  expect(terminal.raw()).not.toContain('SPOILT');
});

test('Ctrl-Z where nobody could continue us changes nothing', async () => {
  await using session = await watching();
  const { terminal } = session;
  terminal.type('j\u001aj');
  await hasWritten(terminal, ENTERS, 2);
  await terminal.sees(/> critical +web-3/);
  // Read without Enter: the keyboard comes key by key again.
  terminal.type('j');
  await terminal.sees(/> critical +web-4/);
  terminal.type('q');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.raw().split(LEAVES)).toHaveLength(3);
  expect(terminal.raw()).not.toContain('SPOILT');
});

test('a watch that ends while it cannot be suspended leaves the terminal as it was', async () => {
  await using session = await watching();
  const { terminal } = session;
  terminal.type('q\u001a');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.raw().split(LEAVES).at(-1)).not.toContain(ENTERS);
  expect(terminal.raw()).not.toContain('SPOILT');
});

test.each([
  ['other keys', 'jj\u0003', 0],
  ['keys behind it', '\u0003j', 0],
  ['another one, which waits for nothing', '\u0003\u0003', 130],
])('Ctrl-C ends it that comes in one piece with %s', async (_name, keys, code) => {
  await using session = await watching();
  session.terminal.type(keys);
  expect(await session.terminal.ended()).toBe(code);
  expect(session.terminal.raw()).not.toContain('SPOILT');
});

test('a terminal that does not know its size gets a picture of 80 columns and 24 lines', async () => {
  await using session = await watching({ columns: 0, rows: 0 });
  const lines = session.terminal.screen().split('\n');
  expect(lines).toHaveLength(24);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  session.terminal.type('q');
  expect(await session.terminal.ended()).toBe(0);
});
