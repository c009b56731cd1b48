import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { run } from '../src/command.ts';
import { isAlive } from '../src/cluster/built/process-identity.ts';
import { removeStaleRuns } from '../src/cluster/built/remove-run.ts';
import { listRuns } from '../src/cluster/built/run-directory.ts';
import { cgroupDirectory } from '../src/cluster/cgroup-directory.ts';
import { connectCluster } from '../src/cluster/connect.ts';
import { apply, kubectlFor } from '../src/kubectl.ts';
import { until } from '../src/poll.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const isBuilt = cluster.provider === 'built';

const BUSY_POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'busy', namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'c',
        image: cluster.workloadImage,
        imagePullPolicy: cluster.imagePullPolicy,
        command: ['sh', '-c', 'echo started; (while :; do :; done) & while :; do :; done'],
        resources: { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } },
      },
    ],
  },
};

async function succeed(args: readonly string[]): Promise<string> {
  const result = await kubectl(args);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return result.stdout;
}

describe('the cluster', () => {
  beforeAll(async () => {
    await apply(kubectl, [BUSY_POD]);
    await succeed(['wait', '--for=condition=Ready', 'pod/busy', '--timeout=60s']);
  });
  afterAll(() => kubectl(['delete', 'pod', 'busy', '--now']));

  it('has a Ready node of the name it says', async () => {
    // Another suite may have stopped the API server a moment ago: the node is not Ready again before it next reports.
    const said = await succeed([
      'wait',
      '--for=condition=Ready',
      `node/${cluster.nodeName}`,
      '--timeout=90s',
    ]);
    expect(said).toBe(`node/${cluster.nodeName} condition met\n`);
  });

  it('runs a pod whose logs and shell can be reached', async () => {
    expect(await succeed(['logs', 'busy'])).toBe('started\n');
    expect(await succeed(['exec', 'busy', '--', 'echo', 'here'])).toBe('here\n');
  });

  it('gives tokens of service accounts, to which RBAC applies', async () => {
    const token = (await succeed(['create', 'token', 'default'])).trim();
    const answer = await kubectl(['auth', 'can-i', 'list', 'pods', '--token', token]);
    expect(answer.stdout.trim()).toBe('no');
  });

  it.runIf(cluster.cgroupRoot !== null)(
    'throttles the pod where cgroupRoot says, and follows a resize',
    async () => {
      const uid = await succeed(['get', 'pod', 'busy', '-o', 'jsonpath={.metadata.uid}']);
      const directory = cgroupDirectory('cpu', join(cluster.cgroupRoot ?? '', 'burstable', `pod${uid}`));
      const throttled = (): number =>
        Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(directory, 'cpu.stat'), 'utf8'))?.[1]);
      await until('throttling', { timeoutMs: 20_000 }, () => (throttled() > 10 ? true : undefined));

      const resources = [{ name: 'c', resources: { limits: { cpu: '1' } } }];
      await succeed([
        ...['patch', 'pod', 'busy', '--subresource=resize', '-p'],
        JSON.stringify({ spec: { containers: resources } }),
      ]);
      await until('the larger quota', { timeoutMs: 60_000 }, () =>
        quotaOf(directory) === 100_000 ? true : undefined,
      );
      expect(
        await succeed(['get', 'pod', 'busy', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}']),
      ).toBe('0');
    },
  );

  it.runIf(cluster.controlSocket !== null)(
    'stops its API server and brings it back with its data',
    async () => {
      await cluster.stopApiServer();
      const answer = await kubectl(['get', 'pod', 'busy', '--request-timeout=2s']);
      expect(answer.code).not.toBe(0);
      await cluster.startApiServer();
      expect(await succeed(['get', 'pod', 'busy', '-o', 'name'])).toBe('pod/busy\n');
    },
  );

  it.runIf(isBuilt)('lets a pod reach the API server at its service address', async () => {
    // That the connection is taken: busybox has no TLS that would do for more.
    const script = 'nc -w 2 $KUBERNETES_SERVICE_HOST 443 < /dev/null';
    expect((await kubectl(['exec', 'busy', '--', 'sh', '-c', script])).code).toBe(0);
  });
});

describe.runIf(isBuilt)('a cluster that nobody takes down', () => {
  it('leaves nothing behind when its owner is killed, and was built from the cache', async () => {
    const before = await machineState();
    const { owner, directory, said } = await startOwner();
    expect(said()).toContain('is in the build cache');
    expect(await machineState()).not.toStrictEqual(before);

    owner.kill('SIGKILL');
    await until('the supervisor to remove the cluster', { timeoutMs: 30_000 }, () =>
      existsSync(directory) ? undefined : true,
    );
    await machineToBe(before);
  });

  it('is removed by the next one when its supervisor is killed', async () => {
    const before = await machineState();
    const { owner, directory } = await startOwner();
    const run = listRuns().find((record) => record.directory === directory)!;
    process.kill(run.supervisor.pid, 'SIGKILL');
    owner.kill('SIGKILL');
    await until('the supervisor to be dead', { timeoutMs: 5_000 }, () =>
      isAlive(run.supervisor) ? undefined : true,
    );
    expect(await machineState()).not.toStrictEqual(before);

    await removeStaleRuns();
    await machineToBe(before);
  });
});

interface Owner {
  readonly owner: ChildProcess;
  readonly directory: string;
  readonly said: () => string;
}

async function startOwner(): Promise<Owner> {
  const owner = spawn(process.execPath, [join(import.meta.dirname, 'cluster/owner.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  owner.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: owner.stdout }).once('line', resolve);
    owner.once('exit', () => reject(new Error(said)));
  });
  const { kubeconfigPath } = JSON.parse(line) as { readonly kubeconfigPath: string };
  return { owner, directory: dirname(kubeconfigPath), said: () => said };
}

async function machineToBe(before: object): Promise<void> {
  await until('the machine to be as before', { timeoutMs: 10_000 }, async () => {
    expect(await machineState()).toStrictEqual(before);
    return true;
  });
}

function quotaOf(directory: string): number {
  const v2 = join(directory, 'cpu.max');
  const text = readFileSync(existsSync(v2) ? v2 : join(directory, 'cpu.cfs_quota_us'), 'utf8');
  return Number(text.split(' ')[0]);
}

/** What a node can leave on a machine. The cluster shared by the suites is in it too, the same before and after. */
async function machineState(): Promise<object> {
  return {
    // Without their ids, which mount namespaces of others renumber.
    mounts: readFileSync('/proc/self/mounts', 'utf8').split('\n').sort(),
    interfaces: readdirSync('/sys/class/net').sort(),
    routes: readFileSync('/proc/net/route', 'utf8'),
    rules: (
      await run('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin; iptables-save 2>/dev/null'])
    ).stdout.replaceAll(/^#.*$|\[\d+:\d+\]/gm, ''),
    cgroups: ownCgroups(),
    daemons: ownProcesses(),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    overcommit: readFileSync('/proc/sys/vm/overcommit_memory', 'utf8'),
    directories: ['/run', '/var/lib', '/var/log', '/var/tmp/kernel-gossip'].map((path) =>
      readdirSync(path).sort(),
    ),
  };
}

/** The runs' own cgroups in every hierarchy; inside, those of the suites' pods come and go. */
function ownCgroups(): readonly string[] {
  const mount = '/sys/fs/cgroup';
  const places = [mount, ...readdirSync(mount, { withFileTypes: true }).map(({ name }) => join(mount, name))];
  return places
    .filter((path) => existsSync(join(path, 'cgroup.procs')))
    .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
    .filter((path) => path.includes('kernel-gossip'))
    .sort();
}

function ownProcesses(): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(commandLine)
    .filter((line) => /\/var\/tmp\/kernel-gossip|supervisor\.ts|containerd-shim|sleep 1000/.test(line))
    .sort();
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
