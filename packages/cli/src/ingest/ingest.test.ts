import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelWhisperList, PodBirthCertificateList } from 'kernel-gossip-types';
import { describe, expect, onTestFinished, test } from 'vitest';
import { capture } from '../testing/capture.ts';
import { realOperator } from '../testing/real-operator.ts';
import { scriptedOperator } from '../testing/scripted-operator.ts';
import { ingest, type SendRows } from './ingest.ts';
import { beginTally } from './tally.ts';

const ID = '0123456789abcdef'.repeat(4);
const NOW = Date.now();
const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const container = { pod: 'shop/web-1', node: 'node-1', container: 'app', container_id: ID };

/** Rows as `px run -o json` prints them. */
const throttled = (changes: object = {}): object => ({
  _tableName_: 'cpu_throttle',
  time_: ago(10),
  ...container,
  cgroup_id: 4711,
  first_time: ago(40),
  quota_ns: 50000000,
  period_ns: 100000000,
  nr_periods_first: 1000,
  nr_periods_last: 1300,
  nr_throttled_first: 500,
  nr_throttled_last: 740,
  throttled_ns_first: 7000000000,
  throttled_ns_last: 19000000000,
  cpu_ns: 14400000000,
  cpu_window_ns: 29000000000,
  ...changes,
});
const memory = (usage: number, changes: object = {}): object => ({
  _tableName_: 'memory_pressure',
  time_: ago(10),
  ...container,
  first_time: ago(40),
  usage_bytes: usage,
  limit_bytes: 100,
  rss_bytes: usage,
  major_faults: 0,
  oom_kills: 0,
  ...changes,
});
const born = {
  _tableName_: 'pod_creation',
  time_: ago(100),
  ...container,
  began_time: ago(101),
  program: '/bin/app',
  total_syscalls: 847,
  duration_ns: 1000000000,
  namespaces: 6,
  mounts: 31,
  cgroups_created: 2,
  cgroup_writes: 23,
};

const linesOf = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kgossip-ingest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'rows.json');
  await writeFile(file, text);
  return file;
}

const objects = async <L>(url: string, plural: string): Promise<L> =>
  (await (await fetch(`${url}/api/v1alpha1/${plural}`)).json()) as L;

const ingestFile = async (url: string, text: string, ...more: readonly string[]) =>
  capture(['ingest', '--url', url, '-q', '-f', await fileWith(text), ...more]);

describe('against the real operator', () => {
  test('rows become findings that name their source, and end', async () => {
    const url = await realOperator();
    const rows = [throttled(), memory(40), memory(95, { pod: 'shop/web-2' }), born];
    expect(await ingestFile(url, linesOf(rows))).toEqual({
      code: 0,
      err: '',
      out: [
        'cpu_throttle: 1 row, 1 accepted, 0 rejected\n',
        'pod_creation: 1 row, 1 accepted, 0 rejected\n',
        'memory_pressure: 2 rows, 1 accepted, 0 rejected, 1 without news\n',
      ].join(''),
    });
    const { items } = await objects<KernelWhisperList>(url, 'kernelwhispers');
    expect(
      items.map(({ spec }) => [spec.pod_name, spec.kind, spec.severity, spec.source?.name]).sort(),
    ).toEqual([
      ['web-1', 'cpu_throttle', 'warning', 'pixie'],
      ['web-2', 'memory_pressure', 'critical', 'pixie'],
    ]);
    const births = await objects<PodBirthCertificateList>(url, 'podbirthcertificates');
    expect(births.items[0]?.spec.containers).toMatchObject([{ container_id: ID, total_syscalls: 847 }]);

    const calm = throttled({
      time_: ago(1),
      first_time: ago(9),
      nr_throttled_last: 500,
      throttled_ns_last: 7e9,
    });
    expect((await ingestFile(url, linesOf([calm]))).code).toBe(0);
    const after = await objects<KernelWhisperList>(url, 'kernelwhispers');
    expect(after.items.find(({ spec }) => spec.kind === 'cpu_throttle')?.spec).toMatchObject({
      ended_percent: 0,
    });
  });

  test('what is calm opens nothing', async () => {
    const url = await realOperator();
    const calm = throttled({ nr_throttled_last: 500, throttled_ns_last: 7e9 });
    expect(await ingestFile(url, linesOf([calm, memory(40)]))).toMatchObject({ code: 0 });
    expect((await objects<KernelWhisperList>(url, 'kernelwhispers')).items).toEqual([]);
  });

  test('what the operator refuses is told with its line', async () => {
    const url = await realOperator();
    const old = throttled({ time_: '2019-01-01T00:00:30Z', first_time: '2019-01-01T00:00:00Z' });
    const sent = await ingestFile(url, linesOf([throttled(), old]));
    expect(sent).toMatchObject({ code: 2, out: 'cpu_throttle: 2 rows, 1 accepted, 1 rejected\n' });
    expect(sent.err).toMatch(/^line 2: cpu_throttle: timestamp: expected a time between 2020/);
  });
});

describe('against a scripted operator', () => {
  test('rows come from standard input, too, in the words of any client of Pixie', async () => {
    await using peer = await scriptedOperator();
    const texts = Object.fromEntries(Object.entries(throttled()).map(([key, cell]) => [key, String(cell)]));
    const child = execFile(process.execPath, [
      '--conditions=@kernel-gossip/source',
      new URL('../main.ts', import.meta.url).pathname,
      ...['ingest', '--url', peer.url, '--source', 'px-run'],
    ]);
    const output: string[] = [];
    child.stdout?.on('data', (text: string) => output.push(text));
    child.stdin?.end(JSON.stringify([texts, throttled()], null, 2));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(output.join('')).toBe('cpu_throttle: 2 rows, 2 accepted, 0 rejected\n');
    expect(code).toBe(0);
    const [first, second] = peer.script.received;
    expect(first).toEqual(second);
    expect(first).toMatchObject({ type: 'cpu_throttle', source: 'px-run', provenance: 'measured' });
  }, 60_000);

  test('what is no row ends it, after what was read before is sent', async () => {
    await using peer = await scriptedOperator();
    const text = `${linesOf([throttled()])}oops \u001b[31m\n${linesOf([throttled()])}`;
    const sent = await ingestFile(peer.url, text);
    expect(sent).toMatchObject({
      code: 2,
      out: 'cpu_throttle: 1 row, 1 accepted, 0 rejected\nnot rows: 1\n',
    });
    expect(sent.err).toMatch(/^line 2: not JSON: /);
    expect(sent.err).not.toContain('\u001b');
    expect(peer.script.received).toHaveLength(1);
  });

  test('--skip-bad goes on', async () => {
    await using peer = await scriptedOperator();
    const bad = Array.from({ length: 7 }, () => 'oops\n').join('');
    const sent = await ingestFile(
      peer.url,
      bad + linesOf([throttled(), throttled({ pod: 'Web' })]),
      '--skip-bad',
    );
    expect(sent).toMatchObject({
      code: 2,
      out: 'cpu_throttle: 2 rows, 1 accepted, 1 rejected\nnot rows: 7\n',
    });
    expect(sent.err).toContain('line 5: not JSON');
    expect(sent.err).not.toContain('line 6');
    expect(sent.err).toContain('… and 3 more like these.');
  });

  test('a wrong column is named', async () => {
    await using peer = await scriptedOperator();
    const sent = await ingestFile(peer.url, linesOf([throttled({ nr_periods_last: 'many' })]));
    expect(sent).toMatchObject({
      code: 2,
      err: 'line 1: cpu_throttle.nr_periods_last: expected a whole number >= 0, or -1, got "many"\n',
    });
  });

  test('tables that are not known are counted and named', async () => {
    await using peer = await scriptedOperator();
    const other = { _tableName_: 'output', n: 1 };
    const both = await ingestFile(peer.url, linesOf([other, throttled(), other]));
    expect(both).toMatchObject({
      code: 0,
      out: 'cpu_throttle: 1 row, 1 accepted, 0 rejected\noutput: 2 rows of a table that is not known\n',
    });
    expect(both.err).toContain('Known are: cpu_throttle, ');
    expect((await ingestFile(peer.url, linesOf([other]))).code).toBe(2);
  });

  test('-n sends what is about that namespace', async () => {
    await using peer = await scriptedOperator();
    const rows = linesOf([throttled(), throttled({ pod: 'other/web-1' })]);
    const sent = await ingestFile(peer.url, rows, '-n', 'shop');
    expect(sent.out).toBe('cpu_throttle: 2 rows, 1 accepted, 0 rejected, 1 of other namespaces\n');
    expect(peer.script.received).toMatchObject([{ namespace: 'shop' }]);
  });

  test('nothing at all is no failure', async () => {
    await using peer = await scriptedOperator();
    expect(await ingestFile(peer.url, '\n')).toEqual({ code: 0, out: '', err: 'There were no rows.\n' });
  });

  test('a full intake is waited for and nothing is lost', async () => {
    await using peer = await scriptedOperator();
    peer.script.webhookFirst.push({ status: 429, headers: { 'retry-after': '0' } });
    const sent = await ingestFile(peer.url, linesOf(Array.from({ length: 700 }, () => throttled())));
    expect(sent).toMatchObject({ code: 0, out: 'cpu_throttle: 700 rows, 700 accepted, 0 rejected\n' });
    expect(sent.err).toContain('# the intake was full 1 time');
    expect(peer.script.received).toHaveLength(700);
  });

  test.each([
    [403, 4],
    [503, 3],
  ])('an answer of %i exits %i', async (status, code) => {
    await using peer = await scriptedOperator();
    peer.script.refuseWith = status;
    const sent = await ingestFile(peer.url, linesOf([throttled()]));
    expect(sent).toMatchObject({ code, out: 'cpu_throttle: 1 row, 0 accepted, 0 rejected\n' });
  });

  test('a file that is not there, or a source that is too long, exits 2', async () => {
    await using peer = await scriptedOperator();
    const missing = await capture(['ingest', '--url', peer.url, '-f', '/nonexistent/rows.json']);
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.err).toContain('/nonexistent/rows.json cannot be read: ENOENT');
    expect((await capture(['ingest', '--url', peer.url, '--source', 'x'.repeat(64)])).code).toBe(2);
  });
});

const options = { source: 'pixie', namespace: null, skipsBad: false };
const signal = new AbortController().signal;
const accepted = { accepted: 1, rejected: [], error: null, retryAfterMs: null };

/* eslint-disable-next-line @typescript-eslint/require-await -- it stands for a stream */
async function* endless(taken: { chunks: number }): AsyncGenerator<string> {
  const chunk = linesOf([throttled()]);
  for (;;) {
    taken.chunks += 1;
    yield chunk;
  }
}

describe('an input without an end', () => {
  test('is read no faster than the operator answers, and until the person has had enough', async () => {
    const taken = { chunks: 0 };
    const ending = new AbortController();
    const tally = beginTally();
    let sent = 0;
    const send: SendRows = async (batch) => {
      sent += batch.length;
      const before = taken.chunks;
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(taken.chunks).toBe(before);
      if (sent >= 20) ending.abort();
      return accepted;
    };
    await ingest(endless(taken), send, { ...options, signal: ending.signal }, tally);
    expect(sent).toBe(20);
    expect(tally.tables.cpu_throttle).toMatchObject({ rows: 20, accepted: 20 });
    // The rest of the last chunk is known only with the next one.
    expect(taken.chunks).toBeLessThanOrEqual(22);
  });

  test('of which one part cannot be sent is counted up to there', async () => {
    const tally = beginTally();
    const send: SendRows = () =>
      tally.tables.cpu_throttle.accepted === 3
        ? Promise.reject(new Error('gone'))
        : Promise.resolve(accepted);
    await expect(ingest(endless({ chunks: 0 }), send, { ...options, signal }, tally)).rejects.toThrow('gone');
    expect(tally.tables.cpu_throttle).toMatchObject({ rows: 4, accepted: 3, rejected: 0 });
  });
});
