import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectCluster } from '../src/cluster/connect.ts';
import { install, makeNamespace, REPOSITORY, succeed } from '../src/install.ts';
import { kubectlFor } from '../src/kubectl.ts';

const cluster = connectCluster(inject('cluster'));
const kubectl = kubectlFor(cluster);
const NAMESPACE = 'kg-resources';

const whisper = (spec: object): object => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'KernelWhisper',
  metadata: { name: 'w', namespace: NAMESPACE },
  spec: {
    pod_name: 'web-1',
    namespace: NAMESPACE,
    kind: 'cpu_throttle',
    severity: 'critical',
    detected_at: '2026-03-15T10:30:00Z',
    throttled_percent: 85.5,
    ...spec,
  },
});
const birth = (spec: object): object => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'PodBirthCertificate',
  metadata: { name: 'b', namespace: NAMESPACE },
  spec: {
    pod_name: 'web-1',
    namespace: NAMESPACE,
    recorded_at: '2026-03-15T10:30:00Z',
    kernel_stats: { total_syscalls: null, total_duration_ms: 2500 },
    ...spec,
  },
});
const policy = (spec: object): object => ({
  apiVersion: 'kernel.gossip.io/v1alpha1',
  kind: 'RemediationPolicy',
  metadata: { name: 'p', namespace: NAMESPACE },
  spec,
});

const dryRun = (object: object) =>
  kubectl(['create', '--dry-run=server', '-o', 'name', '-f', '-'], { input: JSON.stringify(object) });

describe('the resources on a real API server', () => {
  const state: { removeNamespace?: () => Promise<void> } = {};
  beforeAll(async () => {
    await install(kubectl);
    state.removeNamespace = await makeNamespace(kubectl, NAMESPACE);
  });
  afterAll(async () => state.removeNamespace?.());

  it.each([
    ['a whisper', whisper({})],
    ['a whisper whose kind is the default', whisper({ kind: undefined })],
    [
      'a whisper of memory',
      whisper({ kind: 'memory_pressure', throttled_percent: null, memory: { usage_percent: 90 } }),
    ],
    ['a certificate', birth({})],
    ['a policy', policy({ mode: 'Auto' })],
  ])('takes %s', async (_what, object) => {
    expect(await dryRun(object)).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['throttled_percent above 100', whisper({ throttled_percent: 512 }), /spec\.throttled_percent.*100/],
    ['throttled_percent below 0', whisper({ throttled_percent: -1 }), /spec\.throttled_percent/],
    ['throttled_percent as a text', whisper({ throttled_percent: '85' }), /spec\.throttled_percent/],
    [
      'no throttled_percent',
      whisper({ throttled_percent: null }),
      /a cpu_throttle whisper needs throttled_percent/,
    ],
    ['no memory', whisper({ kind: 'memory_pressure' }), /a memory_pressure whisper needs memory/],
    ['no network', whisper({ kind: 'network_issue' }), /a network_issue whisper needs network/],
    ['an unknown kind', whisper({ kind: 'disk' }), /spec\.kind/],
    ['an unknown severity', whisper({ severity: 'fatal' }), /spec\.severity/],
    ['no severity', whisper({ severity: undefined }), /spec\.severity/],
    ['a pod name that is none', whisper({ pod_name: 'Web_1' }), /spec\.pod_name/],
    ['a namespace that is none', whisper({ namespace: 'a.b' }), /spec\.namespace/],
    ['a container name that is none', whisper({ container_name: 'a b' }), /spec\.container_name/],
    ['a UID that is none', whisper({ pod_uid: '1' }), /spec\.pod_uid/],
    ['a time that is none', whisper({ detected_at: 'yesterday' }), /spec\.detected_at/],
    ['negative usage', whisper({ kernel_truth: { actual_cpu_cores: -1 } }), /actual_cpu_cores/],
    ['parts of periods', whisper({ kernel_truth: { nr_periods: 1.5 } }), /nr_periods/],
    ['no kernel_stats', birth({ kernel_stats: undefined }), /spec\.kernel_stats/],
    ['an unknown actor', birth({ timeline: [{ timestamp_ms: 0, actor: 'me', action: 'x' }] }), /actor/],
    [
      'negative time',
      birth({ timeline: [{ timestamp_ms: -1, actor: 'kernel', action: 'x' }] }),
      /timestamp_ms/,
    ],
    [
      'too long a timeline',
      birth({
        timeline: Array.from({ length: 257 }, () => ({ timestamp_ms: 0, actor: 'kernel', action: 'x' })),
      }),
      /spec\.timeline/,
    ],
    ['an unknown mode', policy({ mode: 'On' }), /spec\.mode/],
    ['too large a step', policy({ limits: { max_increase_percent: 5000 } }), /max_increase_percent/],
  ])('refuses %s, and names the field', async (_what, object, reason) => {
    const { code, stderr } = await dryRun(object);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(reason);
  });

  it('keeps a whisper with its pod', async () => {
    await succeed(kubectl, ['apply', '-f', '-'], JSON.stringify(whisper({})));
    const moved = await kubectl(['apply', '-f', '-'], {
      input: JSON.stringify(whisper({ pod_name: 'web-2' })),
    });
    expect(moved.stderr).toMatch(/a whisper stays with its pod and its kind/);
    await succeed(kubectl, ['apply', '-f', '-'], JSON.stringify(whisper({ throttled_percent: 40 })));
  });

  it.each(readdirSync(join(REPOSITORY, 'k8s/samples')))('applies the sample %s', async (file) => {
    const path = join(REPOSITORY, 'k8s/samples', file);
    expect(await kubectl(['apply', '-f', path])).toMatchObject({ code: 0 });
    await succeed(kubectl, ['delete', '-f', path]);
  });

  it('come with an operator that the restricted Pod Security level lets in', async () => {
    const applied = await kubectl(['apply', '--dry-run=server', '-f', join(REPOSITORY, 'k8s/operator/')]);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
  });

  it('answers without -o yaml', async () => {
    await succeed(kubectl, ['apply', '-f', '-'], JSON.stringify(whisper({ throttled_percent: 40 })));
    const table = await succeed(kubectl, ['get', 'kw', '-n', NAMESPACE]);
    expect(table.split('\n')[0]?.split(/\s+/)).toEqual([
      'NAME',
      'POD',
      'CONTAINER',
      'KIND',
      'SEVERITY',
      'PHASE',
      'CAUSE',
      'REMEDY',
      'EVIDENCE',
      'PROVENANCE',
      'LAST-SEEN',
      'AGE',
    ]);
  });
});
