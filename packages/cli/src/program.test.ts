import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CpuThrottle,
  decode,
  ERROR_CODES,
  KernelGossipError,
  KernelWhisperList,
  MemoryPressure,
  NetworkIssue,
  PodCreation,
} from 'kernel-gossip-types';
import { isRight } from 'fp-ts/lib/Either.js';
import { identify, subjectOf, toMessage } from 'kernel-gossip-observer';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Chalk } from 'chalk';
import { EXIT_MEANINGS, exitCodeOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { flagsOf, FIELDS_WITHOUT_FLAG } from './send/fields.ts';
import { capture } from './testing/capture.ts';
import { realOperator } from './testing/real-operator.ts';
import { scriptedOperator } from './testing/scripted-operator.ts';
import { certificate, NOW, whisper } from './testing/whispers.ts';

const THROTTLE =
  'send-throttle --pod web-1 --namespace shop --container app --throttled 85.5 --actual-cpu 0.98 --reported-cpu 0.35 --period 60'.split(
    ' ',
  );

const realNow = { now: Date.now };

describe('against the real operator', () => {
  test('the documented throttling is sent, assessed and listed as one object', async () => {
    const url = await realOperator();
    const sent = await capture(['--url', url, ...THROTTLE], realNow);
    expect(sent).toMatchObject({
      code: 0,
      out: 'shop/web-1 app: critical, Open: Pod experiencing high CPU throttling at 85.5% (synthetic)\n',
      err: `# operator at ${url} (--url)\n`,
    });
    const listed = await capture(['--url', url, 'whispers', '-A', '-o', 'json'], realNow);
    const decoded = decode(KernelWhisperList, JSON.parse(listed.out));
    expect(isRight(decoded)).toBe(true);
    const [item, ...others] = isRight(decoded) ? decoded.right.items : [];
    expect(others).toEqual([]);
    expect(item?.spec).toMatchObject({ provenance: 'synthetic', source: { name: 'kgossip' } });
    expect(item?.status).toMatchObject({
      insight: 'Pod experiencing high CPU throttling at 85.5%',
      kernel_evidence: 'Kernel shows 85.5% throttled time',
    });
  });

  test('what is sent into a standing finding is answered at once, with what stands now', async () => {
    const url = await realOperator();
    await capture([...THROTTLE, '--url', url], realNow);
    const again = async (percent: string) => {
      const began = performance.now();
      const sent = await capture([...THROTTLE, '--url', url, '--throttled', percent], realNow);
      return { ...sent, tookMs: performance.now() - began };
    };
    const same = await again('85.5');
    expect(same.out).toContain('at 85.5% (synthetic) [part of the standing finding]');
    expect(same.tookMs).toBeLessThan(500);
    const counted = await again('86');
    expect(counted.out).toContain('critical, Open');
    expect(counted.tookMs).toBeLessThan(700);
    const better = await again('30');
    expect(better.out).toContain('info, Open: Pod experiencing low CPU throttling at 30%');
    const over = await capture([...THROTTLE, '--url', url, '--ended'], realNow);
    expect(over.out).toContain('Resolved');
  });

  test('the target may be named after the command, or by the environment', async () => {
    const url = await realOperator();
    expect((await capture([...THROTTLE, '--url', url], realNow)).code).toBe(0);
    const named = await capture(['whispers', '-o', 'name', '-q'], { env: { KGOSSIP_URL: url } });
    expect(named.out).toMatch(/^kernelwhisper\.kernel\.gossip\.io\/web-1-cpu-throttle-[0-9a-f]+\n$/);
    expect(named.err).toBe('');
  });

  test('an observer of a machine without Kubernetes has one whisper for each container of its pods', async () => {
    const url = await realOperator();
    const uid = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
    const window = { seconds: 1, nrPeriods: 10, nrThrottled: 9, throttledSeconds: 0.5, usageSeconds: null };
    const messageOf = (path: string) =>
      toMessage(
        { kind: 'began', window, limit: null, endMs: Date.now() },
        subjectOf(identify(path), path, true),
        path,
        { nodeName: null, source: 'test' },
      );
    const pod = `/kubepods/burstable/pod${uid}`;
    const paths = [`${pod}/${'0123456789abcdef'.repeat(4)}`, `${pod}/${'fedcba9876543210'.repeat(4)}`, pod];
    const response = await fetch(`${url}/webhook/pixie`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(paths.map(messageOf)),
    });
    expect(await response.json()).toMatchObject({ accepted: 3, rejected: [] });
    const { out } = await capture(['whispers', '--url', url, '-n', 'kubernetes', '-o', 'json'], realNow);
    const { items } = JSON.parse(out) as KernelWhisperList;
    expect(items.map(({ spec }) => [spec.pod_name, spec.pod_uid, spec.container_name]).sort()).toEqual([
      [`pod-${uid}`, uid, null],
      [`pod-${uid}`, uid, 'c-0123456789ab'],
      [`pod-${uid}`, uid, 'c-fedcba987654'],
    ]);
  });

  test('births, memory and network are sent and shown', async () => {
    const url = await realOperator();
    const about = ['--url', url, '--pod', 'api', '-n', 'shop'];
    const birth = [
      'send-birth',
      ...about,
      '--total-syscalls',
      '847',
      '--duration',
      '2500',
      '--timeline',
      '0~1000 scheduler assign the pod',
      '--timeline',
      '300+900 runtime make the sandbox',
    ];
    expect(await capture(birth, realNow)).toMatchObject({
      code: 0,
      out: expect.stringContaining('847') as string,
    });
    expect(
      await capture(['send-memory', ...about, '--usage', '93', '--oom-kills', '1'], realNow),
    ).toMatchObject({ code: 0 });
    expect(
      await capture(
        ['send-network', ...about, '--symptom', 'retransmits', '--failed-percent', '12.5'],
        realNow,
      ),
    ).toMatchObject({ code: 0 });
    const cert = await capture(['--url', url, 'birth-cert', 'pod/api'], realNow);
    expect(cert.out).toContain('SYNTHETIC');
    expect(cert.out).toContain('±');
    const story = await capture(['--url', url, 'explain', 'api', '-n', 'shop'], realNow);
    expect(story.out).toContain('memory_pressure');
    expect(story.out).toContain('network_issue');
    expect(story.out).toContain('not measured');
  });

  test('load is counted, each with a pod of its own', async () => {
    const url = await realOperator();
    const load = [...THROTTLE, '--url', url, '--count', '60', '--rate', '600', '--pod', 'load-{i}'];
    const sent = await capture(load, realNow);
    expect(sent).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^accepted 60, rejected 0, in 0\.\d+ s/) as string,
    });
    expect(sent.out).toContain('shop/load-59');
  });

  test('--watch prints what there is and what comes', async () => {
    const url = await realOperator();
    await capture([...THROTTLE, '--url', url], realNow);
    const ending = new AbortController();
    const lines: string[] = [];
    const watching = capture(['whispers', '--url', url, '--watch', '-o', 'json'], {
      signal: ending.signal,
      onOut: (text) => lines.push(text),
    });
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    await capture([...THROTTLE, '--url', url, '--pod', 'web-2'], realNow);
    await expect.poll(() => lines.join(''), { timeout: 5000 }).toContain('"pod_name":"web-2"');
    ending.abort();
    expect((await watching).code).toBe(0);
  });

  test('doctor tells what the operator says', async () => {
    const url = await realOperator();
    const { out } = await capture(['doctor', '--url', url, '-o', 'json']);
    const { findings } = JSON.parse(out) as { findings: { question: string; ok: boolean }[] };
    expect(findings).toContainEqual(expect.objectContaining({ question: 'operator ready', ok: true }));
  });
});

describe('against a scripted operator', () => {
  test('rejections name the flags and exit 2', async () => {
    await using peer = await scriptedOperator();
    const wrong = await capture([
      'send-throttle',
      '--url',
      peer.url,
      '--throttled',
      '512',
      '--pod',
      'Web_1',
      '-n',
      'shop',
    ]);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain('--throttled: expected a percentage 0..100, got 512');
    expect(wrong.err).toContain('--pod: expected a DNS name');
    expect(peer.script.received).toEqual([]);
  });

  test('a full intake is waited for and nothing is lost', async () => {
    await using peer = await scriptedOperator();
    peer.script.webhookFirst.push({ status: 429, headers: { 'retry-after': '0' } });
    const sent = await capture([...THROTTLE, '--url', peer.url, '--count', '3', '--no-wait']);
    expect(sent).toMatchObject({
      code: 0,
      out: expect.stringContaining('found the intake full 1 time') as string,
    });
    expect(peer.script.received).toHaveLength(3);
  });

  test.each([
    [401, 4],
    [403, 4],
    [404, 5],
    [500, 3],
    [503, 3],
  ])('an answer of %i exits %i, and its words cannot act on the terminal', async (status, code) => {
    await using peer = await scriptedOperator();
    peer.script.refuseWith = status;
    const refused = await capture(['whispers', '--url', peer.url]);
    expect(refused.code).toBe(code);
    expect(refused.err).toContain('scripted\\x1b[31m refusal');
  });

  test('filters, order, --fail-on', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [
      whisper({ name: 'mild', spec: { severity: 'info' } }),
      whisper({ name: 'over', status: { phase: 'Resolved' } }),
      whisper({ name: 'elsewhere', namespace: 'other', spec: { severity: 'warning' } }),
    ];
    const names = async (...argv: string[]) =>
      (await capture(['whispers', '--url', peer.url, '-q', '-o', 'name', ...argv])).out
        .replaceAll('kernelwhisper.kernel.gossip.io/', '')
        .split('\n')
        .slice(0, -1);
    expect(await names()).toEqual(['over', 'elsewhere', 'mild']);
    expect(await names('--open')).toEqual(['elsewhere', 'mild']);
    expect(await names('-n', 'shop', '--severity', 'warning')).toEqual(['over']);
    const failing = (severity: string) => capture(['whispers', '--url', peer.url, '--fail-on', severity]);
    expect((await failing('critical')).code).toBe(0);
    expect((await failing('warning')).code).toBe(1);
  });

  test('nothing found says what that means', async () => {
    await using peer = await scriptedOperator();
    const empty = await capture(['whispers', '--url', peer.url, '-n', 'shop']);
    expect(empty).toMatchObject({ code: 0, out: '' });
    expect(empty.err).toContain('No whispers in namespace shop');
    expect(await capture(['explain', 'ghost', '--url', peer.url])).toMatchObject({ code: 5 });
    expect(await capture(['birth-cert', 'ghost', '--url', peer.url])).toMatchObject({ code: 5 });
  });

  test('a pod of two namespaces must be told apart', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [whisper(), whisper({ namespace: 'other', spec: { namespace: 'other' } })];
    const which = await capture(['explain', 'web-1', '--url', peer.url]);
    expect(which.code).toBe(2);
    expect(which.err).toContain('other, shop');
  });

  test('a watch lists again after a reset and after a broken stream, and prints only what is news', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [whisper({ name: 'first' })];
    const ending = new AbortController();
    const printed: string[] = [];
    const watching = capture(['whispers', '--url', peer.url, '--watch', '-o', 'name'], {
      signal: ending.signal,
      onOut: (text) => printed.push(text.trim().replace(/.*\//, '')),
    });
    await expect.poll(() => printed).toEqual(['first']);
    const changed = whisper({ name: 'second' });
    peer.stream(`id: 41\nevent: change\ndata: ${JSON.stringify({ type: 'ADDED', object: changed })}\n\n`);
    await expect.poll(() => printed).toEqual(['first', 'second']);
    peer.script.whispers = [whisper({ name: 'first' }), changed, whisper({ name: 'third' })];
    peer.stream('event: reset\ndata: \n\n');
    await expect.poll(() => printed).toEqual(['first', 'second', 'third']);
    peer.script.whispers = [...peer.script.whispers, whisper({ name: 'fourth' })];
    for (const stream of peer.script.streams) stream.destroy();
    await expect.poll(() => printed, { timeout: 5000 }).toEqual(['first', 'second', 'third', 'fourth']);
    expect(peer.script.lastEventIds).toEqual([undefined, '41']);
    ending.abort();
    const { err } = await watching;
    expect(err).toContain('interrupted');
  });

  test('an assessment that does not come is said, not awaited for ever', async () => {
    await using peer = await scriptedOperator();
    const sent = await capture([...THROTTLE, '--url', peer.url, '--wait-seconds', '0.2'], realNow);
    expect(sent.code).toBe(0);
    expect(sent.err).toContain('not assessed within 0.2 s');
  });

  test('documents for machines', async () => {
    await using peer = await scriptedOperator();
    peer.script.whispers = [whisper()];
    peer.script.certificates = [certificate()];
    const explained = await capture(['explain', 'web-1', '--url', peer.url, '-o', 'json']);
    expect(JSON.parse(explained.out)).toMatchObject({
      kind: 'List',
      items: [{ kind: 'KernelWhisper' }, { kind: 'PodBirthCertificate' }],
    });
    const born = await capture(['birth-cert', 'web-1', '--url', peer.url, '-o', 'yaml']);
    expect(born.out).toContain('kind: PodBirthCertificate');
  });

  test('doctor says what to do about each no', async () => {
    await using peer = await scriptedOperator();
    const found = await capture(['doctor', '--url', peer.url], {
      env: { KGOSSIP_CGROUP_ROOT: '/nonexistent' },
    });
    expect(found.code).toBe(1);
    expect(found.out).toContain('no   operator: store\n     is locked\n     → ');
    expect(found.out).toContain('no   cgroup CPU counters readable');
    expect(found.out).toContain('?    may create a CPU cgroup');
  });
});

describe('called wrongly', () => {
  test('nothing there: which target, what to do, exit 3', async () => {
    const nobody = await capture(['whispers', '--url', 'http://127.0.0.1:59999']);
    expect(nobody.code).toBe(3);
    expect(nobody.err).toContain(
      'KG_UNREACHABLE: Nothing answers at http://127.0.0.1:59999: connection refused',
    );
    expect(nobody.err).not.toContain('    at ');
  });

  // It loads the cluster's client to look for a kubeconfig, which takes its time on a busy machine.
  test('without any target it tries this machine and says so', { timeout: 60_000 }, async () => {
    const { err } = await capture(['whispers', '--timeout', '0.5']);
    expect(err).toContain(
      '# operator at http://127.0.0.1:8080 (tried as there is no --url, KGOSSIP_URL or kubeconfig)',
    );
  });

  test.each([
    [['whisper'], 'Did you mean whispers?'],
    [['whispers', '-o', 'xml'], 'Allowed choices are table, wide, json, yaml, name'],
    [['whispers', '--url', 'ftp://x'], '--url must be an address'],
    [['whispers', '--url', 'http://x', '--context', 'y'], 'not both'],
    [['whispers', '--context', 'y'], 'no kubeconfig'],
    [['send-birth', '--url', 'http://x', '--pod', 'a', '-n', 'b', '--timeline', 'soon'], 'BEGIN[+LENGTH]'],
    [['send-throttle', '--count', '0'], 'from 1 to'],
  ])('%j exits 2', async (argv, message) => {
    const wrong = await capture(argv);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain(message);
  });

  test('help and version are no errors', async () => {
    expect(await capture(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Exit codes:') as string,
    });
    expect(await capture(['whispers', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--url') as string,
    });
    expect((await capture(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('the kubeconfig', () => {
  test('is used when it has a usable context', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kgossip-kubeconfig-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'config');
    const cluster = { server: 'http://127.0.0.1:59999' };
    await writeFile(
      file,
      JSON.stringify({
        'current-context': 'here',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      }),
    );
    const asked = await capture(['whispers'], { env: { KUBECONFIG: file } });
    expect(asked.code).toBe(3);
    expect(asked.err).toContain(`# cluster at http://127.0.0.1:59999 (context here of ${file})`);
    expect(asked.err).toContain(
      'The API server at http://127.0.0.1:59999 does not answer: connection refused',
    );
    await writeFile(join(folder, 'none'), 'clusters: []\n');
    const emptied = await capture(['whispers', '--timeout', '0.5'], {
      env: { KUBECONFIG: join(folder, 'none') },
    });
    expect(emptied.err).toContain('# operator at http://127.0.0.1:8080 (tried');
    const unknown = await capture(['whispers', '--context', 'there'], { env: { KUBECONFIG: file } });
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('it has: here') as string });
  });
});

describe('what is promised in words', () => {
  // The formatter fills cells up with spaces.
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replaceAll(/ +/g, ' ');
  const io = {
    out: () => undefined,
    note: () => undefined,
    env: {},
    columns: null,
    openScreen: null,
    showStatus: null,
    chalk: new Chalk({ level: 0 }),
    now: () => NOW,
    signal: new AbortController().signal,
  };
  const program = createProgram({ io, exitWith: () => undefined }, 'kgossip');

  test('every command and every exit code stands in the README', () => {
    for (const command of program.commands) {
      expect(readme).toContain(`\`${command.name()}`);
      for (const inner of command.commands) expect(readme).toContain(`\`${command.name()} ${inner.name()}`);
    }
    for (const [code, meaning] of Object.entries(EXIT_MEANINGS))
      expect(readme).toContain(`| ${code} | ${meaning} |`);
  });

  test('every error of ours has an exit code of its own choosing', () => {
    for (const code of ERROR_CODES)
      expect(Object.keys(EXIT_MEANINGS)).toContain(String(exitCodeOf(new KernelGossipError(code, ''))));
  });

  test.each([CpuThrottle, MemoryPressure, NetworkIssue, PodCreation])(
    'every field of $name has a flag',
    (codec) => {
      const fields = Object.keys(codec.fields).filter(
        (field) => !(FIELDS_WITHOUT_FLAG as readonly string[]).includes(field),
      );
      const type = codec.fields.type.codec.schema.enum?.[0] as Parameters<typeof flagsOf>[0];
      expect(flagsOf(type).map(({ field }) => field)).toEqual(fields);
      expect(new Set(flagsOf(type).map(({ flag }) => flag)).size).toBe(fields.length);
    },
  );

  test.each(['bash', 'zsh', 'fish'])('completion for %s knows every command', async (shell) => {
    const { out } = await capture(['completion', shell]);
    for (const command of program.commands) {
      expect(out).toContain(command.name());
      for (const inner of command.commands) expect(out).toContain(inner.name());
    }
  });

  test.each([
    ['kgossip remedy ap', 'approve'],
    ['kgossip -n shop remedy approve web-1 --w', '--wait'],
    ['kgossip remedy list --all', '--all-namespaces'],
    ['kgossip rem', 'remedy'],
    ['kgossip explain remedy --o', '--output --operator-namespace --operator-service'],
  ])('bash completes %j by %j', async (typed, completed) => {
    const { out } = await capture(['completion', 'bash']);
    const script = `${out}\nCOMP_WORDS=(${typed}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _kgossip; echo "\${COMPREPLY[@]}"`;
    expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim()).toBe(completed);
  });

  test('crds prints all four', async () => {
    const { out } = await capture(['crds']);
    expect(out.match(/^kind: CustomResourceDefinition$/gm)).toHaveLength(4);
  });
});
