import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecLine } from './line.ts';
import { taskOf, type Task } from './task.ts';

const ID = '0123456789abcdef'.repeat(4);
const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const exec = (command: string, more: Partial<ExecLine> = {}): ExecLine => ({
  t: 'exec',
  at: 0,
  slot: 1,
  parent: 0,
  comm: 'exe',
  argv: command.split(' '),
  ...more,
});
const SHIM = '/usr/bin/containerd-shim-runc-v2 -namespace';
const RUNC = 'runc --root /run/r --log /l/log.json --log-format json --systemd-cgroup';
const CONMON = '/usr/bin/conmon -b /bundle';
const ADD = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: ID };

describe('what a program is executed for', () => {
  it.each<[string, Task]>([
    [
      `${SHIM} k8s.io -address /a -publish-binary /b -id ${ID} start`,
      { kind: 'shim', id: ID, serves: false, leads: true },
    ],
    [`${SHIM} k8s.io -id ${ID} -address /a`, { kind: 'shim', id: ID, serves: true, leads: true }],
    [`${SHIM} moby -id ${ID} -address /a`, { kind: 'shim', id: ID, serves: true, leads: false }],
    [`${SHIM} k8s.io -address /a -id ${ID} -bundle /b delete`, { kind: 'none' }],
    [`${CONMON} -c ${ID} -n web -r /usr/bin/crun`, { kind: 'shim', id: ID, serves: true, leads: false }],
    [`${CONMON} --cid=${ID}`, { kind: 'shim', id: ID, serves: true, leads: false }],
    [`${CONMON} -c ${ID} -e -p /pid`, { kind: 'none' }],
    [`${RUNC} create --bundle /b --pid-file /b/init.pid ${ID}`, { kind: 'create', id: ID, stays: false }],
    [`/usr/sbin/runc run -d web`, { kind: 'create', id: 'web', stays: true }],
    [`crun --root=/run/crun start ${ID}`, { kind: 'start', id: ID }],
    [`${RUNC} exec --process /p ${ID}`, { kind: 'none' }],
    [`${RUNC} state ${ID}`, { kind: 'none' }],
    [`${RUNC} kill ${ID} 15`, { kind: 'none' }],
    [`${RUNC} delete --force ${ID}`, { kind: 'none' }],
    ['runc features', { kind: 'none' }],
    ['runc create', { kind: 'none' }],
    ['runc init', { kind: 'init' }],
    ['/usr/sbin/iptables -w -A FORWARD', { kind: 'other' }],
    ['', { kind: 'other' }],
  ])('%s', (command, task) => {
    expect(taskOf(exec(command))).toEqual(task);
  });

  it('is not made up where the arguments were cut', () => {
    expect(taskOf(exec(`${RUNC} create --bundle /b`, { argv_cut: true }))).toEqual({ kind: 'none' });
  });

  it('is told by the environment of a network plugin', () => {
    const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_UID=${UID}`;
    expect(taskOf(exec('/opt/cni/bin/bridge', { env: { ...ADD, CNI_ARGS: args } }))).toEqual({
      kind: 'network',
      id: ID,
      podUid: UID,
    });
    const odd = { ...ADD, CNI_ARGS: 'K8S_POD_UID=../..' };
    expect(taskOf(exec('/opt/cni/bin/bridge', { env: odd }))).toMatchObject({ podUid: null });
    expect(taskOf(exec('/opt/cni/bin/bridge', { env: { ...ADD, CNI_COMMAND: 'DEL' } }))).toEqual({
      kind: 'none',
    });
    expect(taskOf(exec('/opt/cni/bin/bridge', { env: { CNI_COMMAND: 'VERSION' } }))).toEqual({
      kind: 'none',
    });
  });

  it('is total', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('runc', '-id', '--cid', 'conmon', 'create', 'containerd-shim', '='),
    );
    fc.assert(
      fc.property(fc.array(word), fc.boolean(), (argv, isCut) => {
        expect(taskOf(exec('', { argv, argv_cut: isCut })).kind).toBeTypeOf('string');
      }),
    );
  });
});
