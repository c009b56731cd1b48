import { describe, expect, it } from 'vitest';
import { cniConfig } from './cni.ts';
import { containerdConfig, snapshotterFor } from './containerd.ts';
import { kubeconfig, tokenLine } from './credentials.ts';
import { cacheKey } from './go-build.ts';
import { kubeletConfig } from './kubelet.ts';
import { kubernetesVersionIn, linkerFlags } from './kubernetes-build.ts';
import { metricsServerVersionIn } from './metrics-server.ts';
import { destinationsIn, planNetwork } from './network.ts';
import { startTimeIn } from './process-identity.ts';

const HEADER = 'Iface\tDestination\tGateway\n';

describe('the network plan', () => {
  it('has interface names that fit the kernel and addresses below one subnet', () => {
    const plan = planNetwork('00000a', HEADER);
    expect(plan).toStrictEqual({
      bridge: 'kg-e2e-00000a',
      podCidr: '198.18.10.0/24',
      nodeAddress: '198.18.10.1',
      serviceCidr: '198.19.10.0/24',
      apiServiceAddress: '198.19.10.1',
    });
    expect(plan.bridge.length).toBeLessThanOrEqual(15);
  });

  it('steps over a subnet that has a route', () => {
    expect(destinationsIn(`${HEADER}kg0\t000A12C6\t00000000\n`)).toStrictEqual(new Set(['198.18.10.0']));
    expect(planNetwork('00000a', `${HEADER}kg0\t000A12C6\t00000000\n`).podCidr).toBe('198.18.11.0/24');
  });

  it('leaves ip_forward and iptables alone', () => {
    expect(JSON.stringify(cniConfig(planNetwork('000001', HEADER), '/run/x'))).toMatch(
      /"isGateway":false,"ipMasq":false/,
    );
  });
});

describe('the configurations', () => {
  it('tell containerd to keep to the run directory', () => {
    const text = containerdConfig({
      runDirectory: '/r',
      cniConfDirectory: '/r/cni',
      cniBinDirectory: '/usr/lib/cni',
      snapshotter: 'overlayfs',
    });
    expect(text).toContain('root = "/r/containerd"');
    expect(text).toContain('restrict_oom_score_adj = true');
    expect(text).toContain('sandbox_image = "localhost/pause:3.10"');
  });

  it('copy images where an overlay cannot be', () => {
    expect(snapshotterFor(0x794c7630)).toBe('native');
    expect(snapshotterFor(0xef53)).toBe('overlayfs');
  });

  it('tell the kubelet its own cgroup root and to make no iptables chains', () => {
    const pair = { certificate: 'c', key: 'k' };
    const config = kubeletConfig({
      runDirectory: '/r',
      binDir: '/b',
      nodeName: 'n',
      nodeAddress: '198.18.0.1',
      port: 1,
      cgroupPath: '/kernel-gossip-e2e-1',
      certificates: {
        authority: pair,
        apiServer: pair,
        kubelet: pair,
        kubeletClient: pair,
        frontProxyAuthority: pair,
        frontProxy: pair,
        serviceAccountKey: 's',
      },
      kubeconfigPath: '/r/k',
      containerdPid: 1,
    });
    expect(config).toMatchObject({
      cgroupRoot: '/kernel-gossip-e2e-1',
      failCgroupV1: false,
      makeIPTablesUtilChains: false,
      containerRuntimeEndpoint: 'unix:///r/containerd.sock',
    });
  });

  it('give tokens and kubeconfigs their form', () => {
    expect(tokenLine({ token: 't', user: 'u', group: 'g' })).toBe('t,u,u,"g"\n');
    expect(tokenLine({ token: 't', user: 'u', group: null })).toBe('t,u,u\n');
    expect(kubeconfig('https://127.0.0.1:1', 'Y2E=', 't')).toMatchObject({
      clusters: [{ cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': 'Y2E=' } }],
    });
  });
});

describe('the build', () => {
  it('reads the version from go.mod and stamps it', () => {
    const version = kubernetesVersionIn(
      'require (\n\tk8s.io/kubectl v0.35.4\n\tk8s.io/kubernetes v1.35.4\n)\n',
    );
    expect(version).toBe('v1.35.4');
    expect(linkerFlags(version)).toContain('version.gitMinor=35');
  });

  it('reads the version of metrics-server, among what it needs', () => {
    expect(
      metricsServerVersionIn(
        'require (\n\tk8s.io/metrics v0.29.8\n\tsigs.k8s.io/metrics-server v0.7.2 // indirect\n)\n',
      ),
    ).toBe('v0.7.2');
  });

  it('has another cache key when any input differs', () => {
    expect(cacheKey(['ab', 'c'], 'go1')).not.toBe(cacheKey(['a', 'bc'], 'go1'));
    expect(cacheKey(['a'], 'go1')).not.toBe(cacheKey(['a'], 'go2'));
  });
});

describe('a process', () => {
  it('is known by its start time, whatever its name', () => {
    const fields = Array.from({ length: 30 }, (_, index) => String(index + 3));
    expect(startTimeIn(`7 (a) b (c) ${fields.join(' ')}`)).toBe('22');
  });
});
