import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { decodeObservation } from 'kernel-gossip-types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findHelper } from '../src/births/find-helper.ts';
import { createHelper, type HelperPatience, type KernelTracer } from '../src/births/helper.ts';
import { createBirthsSource } from '../src/births/source.ts';
import type { Outgoing } from '../src/source.ts';

const log = pino({ level: 'silent' });
const HELLO = '{"t":"hello","version":1,"births":true,"samples":true,"missing":[]}';
const HASTY: HelperPatience = { silence: 5000, recovery: 60_000, farewell: 1000, pause: () => 10 };
/** Ends with its input, as the real one does. */
const STAY = 'cat > /dev/null';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program in the tracer's place, for what the real one hardly ever does. */
function standIn(script: string): string {
  const path = join(folder, 'stand-in');
  writeFileSync(path, `#!/bin/sh\ncd '${folder}'\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(script: string, patience: Partial<HelperPatience> = {}): KernelTracer {
  const tracer = createHelper({ path: standIn(script) }, log, { ...HASTY, ...patience });
  onTestFinished(() => tracer.close());
  return tracer;
}
const eventually = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 10_000, interval: 10 });

describe('the tracer’s process', { timeout: 20_000 }, () => {
  it('is started again when it ends, and what was under way is known to be lost', async () => {
    const tracer = run(`echo '${HELLO}'; echo x >> starts; [ $(wc -l < starts) -ge 3 ] && ${STAY}; exit 3`);
    const lines: (string | null)[] = [];
    tracer.onLine((line) => lines.push(line?.t ?? null));
    tracer.start();
    await eventually(() => expect(lines).toEqual(['hello', null, 'hello', null, 'hello']));
    expect(tracer.stats()).toMatchObject({ phase: 'running', restarts: 2, garbage: 0 });
    expect(await tracer.standing).toEqual({ phase: 'running', births: true, missing: [] });
  });

  it('is not tried for ever where it never said a word, and its last one is the reason', async () => {
    const tracer = run(`echo x >> starts; echo 'bpf(BPF_PROG_LOAD): Operation not permitted' >&2; exit 1`);
    tracer.start();
    expect(await tracer.standing).toEqual({
      phase: 'refused',
      births: false,
      missing: ['the tracer ended (code 1): bpf(BPF_PROG_LOAD): Operation not permitted'],
    });
    expect(readFileSync(join(folder, 'starts'), 'utf8')).toBe('x\nx\nx\n');
  });

  it('is not started again where it says that nothing can be seen', async () => {
    const hello = HELLO.replaceAll('true', 'false').replace('[]', '["births: EPERM"]');
    const tracer = run(`echo x >> starts; echo '${hello}'; echo '{"t":"bye","why":"nothing can be seen"}'`);
    const ended = new Promise<void>((resolve) => {
      tracer.onLine((line) => {
        if (line === null) resolve();
      });
    });
    tracer.start();
    await ended;
    expect(await tracer.standing).toEqual({ phase: 'refused', births: false, missing: ['births: EPERM'] });
    expect(tracer.stats()).toMatchObject({ phase: 'refused', restarts: 0 });
  });

  it('is killed and started again when it falls silent', async () => {
    const tracer = run(`echo '${HELLO}'; exec sleep 1000`, { silence: 300 });
    tracer.start();
    await eventually(() => expect(tracer.stats().restarts).toBeGreaterThanOrEqual(2));
  });

  it('may say garbage and lines without end: they are counted, and the next line is understood', async () => {
    const tracer = run(
      `echo '${HELLO}'; echo 'oops'; echo '{"t":"stats"}'; head -c 1000000 /dev/zero; echo; echo '{"t":"stats","at":7}'; ${STAY}`,
    );
    const seen: string[] = [];
    tracer.onLine((line) => seen.push(line?.t ?? 'end'));
    tracer.start();
    await eventually(() => expect(seen).toEqual(['hello', 'stats']));
    expect(tracer.stats()).toMatchObject({ garbage: 3, lines: 2 });
  });

  it('is told what is wished for, also after it was started again', async () => {
    const tracer = run(`echo '${HELLO}'; cat >> wishes; exit 1`);
    tracer.setSampleInterval(250);
    tracer.start();
    tracer.setBirths(false);
    await tracer.standing;
    await tracer.close();
    expect(readFileSync(join(folder, 'wishes'), 'utf8')).toBe('interval 250\nbirths off\n');
  });

  it('gives samples and groups to whom asks for them', async () => {
    const frame = String.raw`\061\123\107\113\001\000\000\000\100\102\017\000\000\000\000\000\007\000\000\000\000\000\000\000\350\003\000\000\000\000\000\000\005\000\000\000\003\000\000\000`;
    const tracer = run(
      `echo '${HELLO}'; printf '${frame}' >&3; echo '{"t":"mkdir","at":1,"path":"/a","id":7,"hierarchy":0}'; ${STAY}`,
    );
    const got: unknown[] = [];
    tracer.onSamples((samples) => got.push(samples));
    tracer.onGroups(({ path, id }) => got.push([path, id]));
    tracer.start();
    await eventually(() => expect(got).toHaveLength(2));
    expect(got).toContainEqual(['/a', 7]);
    expect(got).toContainEqual({
      atMs: 1,
      ids: Float64Array.of(7),
      nrPeriods: Uint32Array.of(5),
    });
  });

  it('ends when it is closed, also where it does not listen', async () => {
    const tracer = run(`echo '${HELLO}'; echo $$ > pid; exec sleep 1000`, { farewell: 50 });
    tracer.start();
    await tracer.standing;
    await eventually(() => expect(readFileSync(join(folder, 'pid'), 'utf8')).not.toBe(''));
    await tracer.close();
    expect(() => process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0)).toThrow('ESRCH');
  });
});

describe('a tracer that is not there', () => {
  it.each([
    ['off', 'off', 'births: not measured, because it was switched off'],
    [
      '/nonexistent/kgtrace',
      'absent',
      'births: not measured, because there is no program at /nonexistent/kgtrace',
    ],
  ])('%s is %s, and said', async (setting, phase, text) => {
    const tracer = createHelper(findHelper(setting), log);
    const source = createBirthsSource(
      { subtree: '', localNames: false, sender: { nodeName: null, source: 's' } },
      tracer,
      log,
    );
    source.start(() => undefined);
    expect(await source.outlook).toEqual({ measured: false, text });
    expect(source.stats()).toMatchObject({ told: 0, open: 0, tracer: { phase } });
    await source.close();
  });

  it('is looked for beside this package', () => {
    const found = findHelper(null, 'nowhere');
    expect(found).toMatchObject({ path: null, phase: 'absent' });
    expect(found.path === null && found.why).toMatch(/packages\/observer\/bpf\/build\/kgtrace-nowhere$/);
  });
});

describe('the births source', { timeout: 20_000 }, () => {
  const fixture = new URL('fixtures/births-pod.ndjson', import.meta.url).pathname;

  const source = (script: string, subtree = '') => {
    const sent: Outgoing[] = [];
    const births = createBirthsSource(
      { subtree, localNames: false, sender: { nodeName: 'node-1', source: 'kernel-gossip-observer' } },
      run(script),
      log,
    );
    onTestFinished(() => births.close());
    births.start((outgoing) => sent.push(outgoing));
    return { sent, births };
  };

  it('does not leave it at that when the tracer’s first word comes late', async () => {
    const told: string[] = [];
    const listening = pino({}, { write: (line) => told.push((JSON.parse(line) as { msg: string }).msg) });
    const births = createBirthsSource(
      { subtree: '', localNames: false, sender: { nodeName: null, source: 's' } },
      run(`sleep 6; echo '${HELLO}'; ${STAY}`, { silence: 15_000 }),
      listening,
    );
    onTestFinished(() => births.close());
    births.start(() => undefined);
    expect(await births.outlook).toMatchObject({ measured: false });
    await eventually(() =>
      expect(told).toEqual([
        'births: not measured, because the tracer has not said a word yet',
        'births: measured',
      ]),
    );
  });

  it('tells a pod’s containers together, once', async () => {
    const { sent, births } = source(`cat '${fixture}'; ${STAY}`);
    expect(await births.outlook).toEqual({ measured: true, text: 'births: measured' });
    await eventually(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({
      isSummary: false,
      message: { type: 'pod_creation', total_syscalls: 21_817 },
    });
    expect(isRight(decodeObservation(sent[0]!.message))).toBe(true);
    await births.close();
    expect(sent).toHaveLength(1);
    expect(births.stats()).toMatchObject({ told: 1, complete: 4, incomplete: 0, lostEvents: 0 });
    expect(births.stats().runNs).toBeGreaterThan(0);
  });

  it('tells of no birth outside of its subtree', async () => {
    const { sent, births } = source(`cat '${fixture}'; ${STAY}`, '/kubepods');
    await eventually(() => expect(births.stats()).toMatchObject({ complete: 4 }));
    await births.close();
    expect(sent).toEqual([]);
  });

  it('has no sums of what was born while it had let go of births', async () => {
    const { sent, births } = source(`head -n 60 '${fixture}'; cat >> wishes`);
    await eventually(() => expect(births.stats().open).toBe(1));
    births.setTracing(false);
    await eventually(() => expect(sent.length).toBeGreaterThanOrEqual(1));
    expect(sent.at(-1)?.message).toMatchObject({ total_syscalls: null });
    expect(JSON.stringify(sent.at(-1)?.message)).toContain('births were not traced meanwhile');
    await births.close();
    expect(readFileSync(join(folder, 'wishes'), 'utf8')).toBe('births off\n');
  });

  it('tells what was open when the tracer ended, without a sum', async () => {
    // Up to the middle of the second container's birth.
    const { sent } = source(`head -n 60 '${fixture}'; exit 1`);
    await eventually(() => expect(sent.length).toBeGreaterThanOrEqual(1));
    expect(sent[0]?.message).toMatchObject({ total_syscalls: null, lost_events: null });
    expect(JSON.stringify(sent[0]?.message)).toContain('the tracer ended meanwhile');
  });
});
