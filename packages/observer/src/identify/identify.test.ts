import fc from 'fast-check';
import { containerId, dnsLabel, dnsSubdomain, podUid } from 'kernel-gossip-types';
import { describe, expect, it } from 'vitest';
import { identify, unescapeUnit, type Identity } from './identify.ts';
import { localName } from './local-name.ts';

const UID = '7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11';
const UID_ = UID.replaceAll('-', '_');
const HASH = 'd1e2f3a4b5c60718293a4b5c6d7e8f90';
const ID = '0123456789abcdef'.repeat(4);
const ID2 = 'fedcba9876543210'.repeat(4);

const pod = { podUid: UID, unit: null };
const whole = { ...pod, level: 'pod', manager: 'kubernetes', containerId: null };
const container = (manager: string) => ({ ...pod, level: 'container', manager, containerId: ID });
const lone = (manager: string, level = 'container') => ({ level, manager, containerId: ID, podUid: null });

describe('identify', () => {
  it.each<[string, string, Partial<Identity> | object]>([
    ['cgroupfs, burstable', `/kubepods/burstable/pod${UID}/${ID}`, container('kubernetes')],
    ['cgroupfs, guaranteed', `/kubepods/pod${UID}/${ID}`, container('kubernetes')],
    ['cgroupfs, the pod itself', `/kubepods/besteffort/pod${UID}`, whole],
    ['cgroupfs, static pod', `/kubepods/burstable/pod${HASH}/${ID}`, { podUid: HASH, containerId: ID }],
    [
      'systemd and containerd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      container('containerd'),
    ],
    ['systemd, guaranteed', `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope`, container('cri-o')],
    ['systemd, the pod itself', `/kubepods.slice/kubepods-pod${UID_}.slice`, whole],
    ['systemd, static pod', `/kubepods.slice/kubepods-pod${HASH}.slice`, { ...whole, podUid: HASH }],
    [
      'crun below the scope',
      `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope/container`,
      container('cri-o'),
    ],
    [
      'the monitor of cri-o',
      `/kubepods.slice/kubepods-pod${UID_}.slice/crio-conmon-${ID}.scope`,
      { level: 'helper' },
    ],
    [
      'cri-dockerd',
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/docker-${ID}.scope`,
      container('docker'),
    ],
    [
      'kind',
      `/docker/${ID2}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      container('containerd'),
    ],
    ['kind, cgroupfs', `/docker/${ID2}/kubelet/kubepods/pod${UID}/${ID}`, container('kubernetes')],
    [
      'colon form',
      `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`,
      container('containerd'),
    ],
    [
      'a container in a pod’s container',
      `/kubepods/pod${UID}/${ID}/docker/${ID2}`,
      { ...pod, level: 'nested', containerId: ID },
    ],
    [
      'systemd in a pod’s container',
      `/kubepods/pod${UID}/${ID}/init.scope`,
      { level: 'nested', containerId: ID },
    ],
    ['docker', `/docker/${ID}`, lone('docker')],
    ['docker and systemd', `/system.slice/docker-${ID}.scope`, lone('docker')],
    ['inside docker', `/docker/${ID}/system.slice/nginx.service`, lone('docker', 'nested')],
    ['podman', `/machine.slice/libpod-${ID}.scope`, lone('podman')],
    ['podman and crun', `/machine.slice/libpod-${ID}.scope/container`, lone('podman')],
    ['podman, split', `/user.slice/foo.service/libpod-payload-${ID}`, lone('podman')],
    ['podman, cgroupfs', `/libpod_parent/libpod-${ID}`, lone('podman')],
    ['the monitor of podman', `/machine.slice/libpod-conmon-${ID}.scope`, lone('cgroup', 'helper')],
    [
      'a pod of podman',
      `/machine.slice/machine-libpod_pod_${ID}.slice/libpod-${ID2}.scope`,
      { ...lone('podman'), containerId: ID2 },
    ],
    ['nerdctl', `/system.slice/nerdctl-${ID}.scope`, lone('containerd')],
    ['ctr', `/default/${ID}`, lone('containerd')],
    ['a unit', '/system.slice/nginx.service', { level: 'unit', manager: 'systemd', unit: 'nginx.service' }],
    [
      'an escaped unit',
      '/machine.slice/machine-qemu\\x2d1\\x2dvm.scope',
      { unit: 'machine-qemu-1-vm.scope' },
    ],
    ['a slice', '/user.slice/user-1000.slice', { level: 'unit', unit: 'user-1000.slice' }],
    ['a plain group', '/batch/job-1', { level: 'group', manager: 'cgroup', podUid: null, containerId: null }],
    ['almost a pod', `/kubepods/pod${UID.slice(1)}`, { level: 'group', podUid: null }],
    ['mixed dashes', `/kubepods/pod${UID.replace('-', '_')}`, { podUid: null }],
    ['the root', '/', { level: 'group' }],
  ])('%s', (_, path, expected) => {
    expect(identify(path)).toMatchObject(expected);
  });

  it('is total, and what it says is fit for the wire', () => {
    const component = fc.oneof(
      fc.string(),
      fc.constantFrom(
        `pod${UID}`,
        `kubepods-pod${UID_}.slice`,
        ID,
        `docker-${ID}.scope`,
        'container',
        'a.slice',
        '__proto__',
        `constructor-${ID}`,
      ),
      fc.stringMatching(/^[a-z]+-[0-9a-f]{64}\.scope$/),
    );
    fc.assert(
      fc.property(fc.array(component), (components) => {
        const path = components.map((part) => `/${part}`).join('');
        const identity = identify(path);
        expect(identity.podUid === null || podUid.is(identity.podUid)).toBe(true);
        expect(identity.containerId === null || containerId.is(identity.containerId)).toBe(true);
        expect(typeof identity.manager).toBe('string');
        const { namespace, podName, containerName } = localName(identity, path);
        expect(dnsSubdomain.is(podName), podName).toBe(true);
        expect(dnsSubdomain.is(namespace)).toBe(true);
        expect(containerName === null || dnsLabel.is(containerName)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('finds pod and container below any prefix', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z.]{1,8}$/)),
        fc.uuid(),
        fc.boolean(),
        (prefix, uid, isSystemd) => {
          const leaf = isSystemd
            ? `kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${ID}.scope`
            : `pod${uid}/${ID}`;
          expect(identify(`/${[...prefix, leaf].join('/')}`)).toMatchObject({
            level: 'container',
            podUid: uid,
            containerId: ID,
          });
        },
      ),
    );
  });
});

describe('unescapeUnit', () => {
  it('resolves bytes, also of letters that take several', () => {
    expect(unescapeUnit('a\\x2db\\xc3\\xa4.service')).toBe('a-bä.service');
    expect(unescapeUnit('plain.service')).toBe('plain.service');
  });
});

describe('localName', () => {
  const nameOf = (path: string) => {
    const { namespace, podName, containerName } = localName(identify(path), path);
    return [namespace, podName, ...(containerName === null ? [] : [containerName])].join('/');
  };
  it.each([
    ['/system.slice/nginx.service', 'systemd/nginx.service'],
    [`/docker/${ID}`, 'docker/docker-0123456789ab'],
    [`/machine.slice/libpod-${ID}.scope`, 'podman/podman-0123456789ab'],
    ['/kernel-gossip-demo', 'cgroup/kernel-gossip-demo'],
    [`/kubepods/burstable/pod${UID}`, `kubernetes/pod-${UID}`],
    [`/kubepods/burstable/pod${UID}/${ID}`, `kubernetes/pod-${UID}/c-0123456789ab`],
    [`/kubepods/pod${HASH}/${ID2}`, `kubernetes/pod-${HASH}/c-fedcba987654`],
  ])('%s is %s', (path, name) => {
    expect(nameOf(path)).toBe(name);
  });

  it('tells by a hash what the name alone does not', () => {
    expect(nameOf('/a/worker')).toMatch(/^cgroup\/worker-[0-9a-f]{8}$/);
    expect(nameOf('/a/worker')).not.toBe(nameOf('/b/worker'));
    expect(nameOf('/Worker_1')).toMatch(/^cgroup\/worker-1-[0-9a-f]{8}$/);
    expect(nameOf('/system.slice/user@1000.service')).toMatch(/^systemd\/user-1000.service-[0-9a-f]{8}$/);
    expect(nameOf('/___')).toMatch(/^cgroup\/[0-9a-f]{8}$/);
  });
});
