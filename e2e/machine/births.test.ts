import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PodBirthCertificate } from 'kernel-gossip-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/command.ts';
import { REPOSITORY } from '../src/install.ts';
import { until } from '../src/poll.ts';
import { startProgram, type Program } from '../src/program.ts';

const KGOSSIP = 'packages/cli/bin/kgossip.js';
const KGTRACE = join(REPOSITORY, 'packages/observer/bpf/build', `kgtrace-${process.arch}`);
const NAME = `kernel-gossip-test-${process.pid}`;

/** One line of the tracer, as far as this test reads it. */
interface Line {
  readonly t: string;
  readonly slot?: number;
  readonly parent?: number;
  readonly why?: string;
  readonly argv?: readonly string[];
  readonly total?: number;
  readonly by?: Readonly<Record<string, number>>;
  readonly cgroups_made?: number;
  readonly cgroup_writes?: number;
  readonly cgroup?: string;
  readonly ns?: Readonly<Record<string, number>>;
  readonly host_ns?: Readonly<Record<string, number>>;
}

describe('a container that a person starts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-gossip-e2e-'));
  const bundle = join(folder, 'bundle');
  const heard = join(folder, 'lines');
  let up: Program | null = null;
  let url = '';

  /** The container of `runc spec`, with a program that ends, in a cgroup at the top, whose name is then the pod's. */
  const specify = (name: string): void => {
    const config = join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(config, 'utf8')) as {
      readonly process: object;
      readonly linux: object;
    };
    const process = { ...spec.process, terminal: false, args: ['/busybox', 'true'] };
    writeFileSync(
      config,
      JSON.stringify({ ...spec, process, linux: { ...spec.linux, cgroupsPath: `/${name}` } }),
    );
  };

  beforeAll(async () => {
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    copyFileSync('/bin/busybox', join(bundle, 'rootfs/busybox'));
    await run('runc', ['spec'], { cwd: bundle });
    // The real tracer, with what it says kept: the observer's figures are to be those.
    const tracer = join(folder, 'tracer');
    writeFileSync(tracer, `#!/bin/sh\n'${KGTRACE}' | tee '${heard}'\n`);
    chmodSync(tracer, 0o755);
    const started = startProgram(KGOSSIP, ['up', '--port', '0', '--data', join(folder, 'data')], {
      KGOSSIP_KGTRACE: tracer,
    });
    up = started;
    url = /http:\S+/.exec(await started.line(/http:\/\/127\.0\.0\.1:\d+/))?.[0] ?? '';
    expect(await started.line(/^ {2}births/)).toMatch(/^ {2}births\s+measured/);
    // Counting begins with the first birth, and so not at its first process; the next one is counted from there.
    for (const name of [`${NAME}-first`, NAME]) {
      specify(name);
      const { code, stderr } = await run('runc', [
        '--root',
        join(folder, 'runc'),
        'run',
        '--bundle',
        bundle,
        name,
      ]);
      expect(code, stderr).toBe(0);
    }
  });
  afterAll(async () => {
    await up?.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const certificate = (pod: string): Promise<PodBirthCertificate> =>
    until(`the birth certificate of ${pod}`, { timeoutMs: 20_000 }, async () => {
      const args = [join(REPOSITORY, KGOSSIP), '--url', url, 'birth-cert', pod, '-n', 'cgroup', '-o', 'json'];
      const { code, stdout } = await run(process.execPath, args);
      if (code !== 0) return undefined;
      return JSON.parse(stdout) as PodBirthCertificate;
    });

  const lines = (): readonly Line[] =>
    readFileSync(heard, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  it('has a certificate with the figures that the tracer counted', async () => {
    const { spec } = await certificate(NAME);
    const said = lines();
    const create = said.find(({ t, argv }) => t === 'exec' && argv?.at(-1) === NAME);
    const inits = new Set(
      said.flatMap(({ t, slot, argv }) =>
        t === 'exec' && argv?.[1] === 'init' && slot! > create!.slot! ? [slot] : [],
      ),
    );
    // `runc run` waits for the container, so its counts are those at the entry; those of `runc init` are at its end.
    const counted = said.filter(
      ({ t, slot, why }) => t === 'counts' && (why === 'entry' ? slot === create?.slot : inits.has(slot)),
    );
    const sum = (figureOf: (line: Line) => number | undefined): number =>
      counted.reduce((total, line) => total + (figureOf(line) ?? NaN), 0);
    expect(counted).toHaveLength(3);
    expect(spec).toMatchObject({
      provenance: 'measured',
      namespace: 'cgroup',
      incomplete: null,
      kernel_stats: {
        total_syscalls: sum(({ total }) => total),
        cgroup_writes: sum(({ cgroup_writes: writes }) => writes),
        cgroups_created: sum(({ cgroups_made: made }) => made),
        mounts: sum(({ by }) => (by?.mount ?? 0) + (by?.move_mount ?? 0)),
        lost_events: 0,
      },
    });
    expect(spec.kernel_stats.total_syscalls).toBeGreaterThan(500);
    const entry = said.find(({ t, cgroup }) => t === 'entry' && cgroup?.endsWith(`/${NAME}`) === true);
    const own = Object.keys(entry!.ns!).filter((kind) => entry!.ns![kind] !== entry!.host_ns![kind]);
    expect([...(spec.kernel_stats.namespaces ?? [])].sort()).toEqual(own.sort());
    expect(spec.containers).toMatchObject([{ program: '/busybox true' }]);
  });

  it('has no sum where counting began after its first process, and says so', async () => {
    const { spec } = await certificate(`${NAME}-first`);
    expect(spec).toMatchObject({
      kernel_stats: { total_syscalls: null },
      incomplete: 'counting began after its first process',
    });
    expect(spec.kernel_stats.namespaces?.length).toBeGreaterThan(0);
  });
});
