import { describe, expect, test, vi } from 'vitest';
import { capture } from '../testing/capture.ts';
import { scriptedOperator } from '../testing/scripted-operator.ts';
import { ESCAPE, inTerminal } from '../testing/terminal.ts';
import { whisper } from '../testing/whispers.ts';

// A program is started for each test, and other tests may want the processors too.
vi.setConfig({ testTimeout: 60_000 });

const deployed = (pod: string, percent: number, version = '1') =>
  whisper({
    name: `${pod}-cpu-throttle-0000000000`,
    resourceVersion: version,
    spec: {
      pod_name: pod,
      workload: { kind: 'Deployment', name: 'web' },
      throttled_percent: percent,
      measured_at: `2024-03-15T10:3${version}:00Z`,
      severity: percent > 80 ? 'critical' : 'warning',
      provenance: 'measured',
    },
    status: { kernel_evidence: `Kernel shows ${percent}% throttled time` },
  });

const changeEvent = (object: unknown, type = 'MODIFIED'): string =>
  `event: change\nid: 1\ndata: ${JSON.stringify({ type, object })}\n\n`;

const LEAVES = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Colours, but not bold, dim and inverse. */
const COLOURED = new RegExp(`${ESCAPE}\\[(3[0-7]|9[0-7])m`);

describe('kgossip watch in a terminal', () => {
  test('shows whispers by workload, worst first, and changes them in place', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 55), deployed('web-2', 91), whisper({ namespace: 'data' })];
    const terminal = inTerminal(['--url', peer.url, 'watch'], { columns: 140 });
    await terminal.sees(/2 critical {2}1 warning {2}0 info/);
    await terminal.sees(/shop {2}Deployment\/web\n[ >] critical +web-2 .*\n[ >] warning +web-1 /);
    expect(terminal.raw()).toMatch(COLOURED);
    peer.stream(changeEvent(deployed('web-1', 12, '2')));
    await terminal.sees('Kernel shows 12% throttled time');
    expect(terminal.screen()).not.toContain('55%');
    await terminal.sees(/Kernel shows 12% throttled time +▅▂/);
    peer.stream(changeEvent(deployed('web-2', 91, '2'), 'DELETED'));
    await terminal.sees(/1 critical {2}1 warning/);
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw().endsWith(LEAVES)).toBe(true);
  });

  test('moves, filters, sorts, shows what is over, and stands still when it is told to', async () => {
    await using peer = await scriptedOperator();
    const over = whisper({ name: 'old-1', spec: { pod_name: 'old-1' }, status: { phase: 'Resolved' } });
    peer.script.whispers = [deployed('web-1', 55), deployed('web-2', 91), over];
    const terminal = inTerminal(['--url', peer.url, 'watch']);
    await terminal.sees(/> critical +web-2/);
    terminal.type('\u001b[B');
    await terminal.sees(/> warning +web-1/);
    await terminal.sees('shop/web-1 app, Open');
    await terminal.sees('KERNEL: from kgossip on node-1, window 60 s.');
    terminal.type('s');
    await terminal.sees('newest first');
    terminal.type('r');
    await terminal.sees(/resolved +old-1/);
    terminal.type('/web-2');
    await terminal.sees('/web-2_');
    expect(terminal.screen()).not.toMatch(/warning +web-1/);
    terminal.type('\r');
    await terminal.sees('q quit');
    terminal.type('\u001b');
    await terminal.sees(/warning +web-1/);
    terminal.type('p');
    await terminal.sees('paused at');
    peer.stream(changeEvent(deployed('web-1', 77, '2')));
    peer.stream(changeEvent(deployed('web-2', 95, '2')));
    terminal.type('s');
    await terminal.sees('by name');
    expect(terminal.screen()).toContain('55%');
    terminal.type('p');
    await terminal.sees('77%');
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.raw()).not.toContain('SPOILT');
  });

  test('fits itself to a terminal that changes its size', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 55)];
    const terminal = inTerminal(['--url', peer.url, 'watch'], { columns: 120, rows: 30 });
    await terminal.sees('CONTAINER');
    terminal.resize(50, 12);
    await terminal.sees(/^(?![^]*CONTAINER)[^]*web-1/);
    const lines = terminal.screen().split('\n');
    expect(lines.length).toBeLessThanOrEqual(12);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(50);
    terminal.type('q');
    await terminal.ended();
  });

  test('says when the operator is away, and goes on by itself', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 55)];
    const terminal = inTerminal(['--url', peer.url, 'watch']);
    await terminal.sees('live');
    peer.script.whispers = [deployed('web-1', 66, '2')];
    for (const stream of peer.script.streams) stream.destroy();
    await terminal.sees('interrupted');
    await terminal.sees('66%');
    await terminal.sees('live');
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  });

  test('what was missed comes in its order, and each figure once into the trend', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 12)];
    const terminal = inTerminal(['--url', peer.url, 'watch'], { columns: 140 });
    await terminal.sees('Kernel shows 12% throttled time');
    peer.script.missed = changeEvent(deployed('web-1', 60, '2')) + changeEvent(deployed('web-1', 95, '3'));
    peer.script.whispers = [deployed('web-1', 95, '3')];
    for (const stream of peer.script.streams) stream.destroy();
    await terminal.sees(/Kernel shows 95% throttled time +▂▅█ /);
    await terminal.sees(' live ');
    peer.script.missed = '';
    for (const stream of peer.script.streams) stream.destroy();
    await terminal.sees('interrupted');
    await terminal.sees(' live ');
    expect(terminal.screen()).toMatch(/Kernel shows 95% throttled time +▂▅█ /);
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  });

  test.each([
    ['SIGTERM', {}, (session: ReturnType<typeof inTerminal>) => session.kill('SIGTERM'), 0],
    ['SIGHUP', {}, (session: ReturnType<typeof inTerminal>) => session.kill('SIGHUP'), 0],
    [
      'a crash',
      {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent("process.on('SIGUSR2',()=>{throw new Error('boom')})")}`,
      },
      (session: ReturnType<typeof inTerminal>) => session.kill('SIGUSR2'),
      1,
    ],
  ] as const)('gives the terminal back after %s', async (_name, env, end, code) => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 55)];
    const terminal = inTerminal(['--url', peer.url, 'watch'], { env });
    await terminal.sees('web-1');
    end(terminal);
    expect(await terminal.ended()).toBe(code);
    const afterwards = terminal.raw().split(LEAVES);
    expect(afterwards).toHaveLength(2);
    expect(afterwards[1]).not.toContain('SPOILT');
    // What is said about a crash is said where it stays.
    if (code === 1) expect(afterwards[1]).toContain('boom');
  });

  test('obeys NO_COLOR and a locale without UTF-8', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [deployed('web-1', 55)];
    const env = { NO_COLOR: '1', LC_ALL: 'C' };
    const terminal = inTerminal(['--url', peer.url, 'watch'], { env });
    await terminal.sees(/> warning +web-1/);
    terminal.type('q');
    await terminal.ended();
    expect(terminal.raw()).not.toMatch(COLOURED);
    expect(Buffer.byteLength(terminal.raw())).toBe(terminal.raw().length);
  });

  test('lets nothing from outside act on the terminal', async () => {
    await using peer = await scriptedOperator();
    const evil = 'Kernel \u001b]0;owned\u0007\u009b2J shows';
    peer.script.whispers = [
      whisper({ status: { kernel_evidence: evil, recommendation: evil, insight: evil } }),
    ];
    const terminal = inTerminal(['--url', peer.url, 'watch'], { columns: 160 });
    await terminal.sees('Kernel \\x1b]0;owned\\x07\\x9b2J shows');
    terminal.type('q');
    await terminal.ended();
    for (const sign of ['\u001b]', '\u0007', '\u009b']) expect(terminal.raw()).not.toContain(sign);
  });

  test('an operator that is not there is an error on the screen of before', async () => {
    const terminal = inTerminal(['--url', 'http://127.0.0.1:1', 'watch']);
    expect(await terminal.ended()).toBe(3);
    expect(terminal.raw().split(LEAVES)[1]).toContain('Nothing answers');
  });
});

test('without a terminal each change is a further line', async () => {
  await using peer = await scriptedOperator();
  peer.script.whispers = [deployed('web-1', 55)];
  const ending = new AbortController();
  const running = capture(['--url', peer.url, 'watch'], {
    signal: ending.signal,
    onOut: (text) => {
      if (text.includes('55%')) peer.stream(changeEvent(deployed('web-1', 12, '2')));
      if (text.includes('12%')) ending.abort();
    },
  });
  const { out, code } = await running;
  expect(code).toBe(0);
  expect(out).toMatch(/^NAMESPACE.*\nshop .*55%.*\nshop .*12%.*\n$/);
  expect(out).not.toContain('\u001b');
});
