import type { IncomingMessage } from 'node:http';
import { API_VERSION, REMEDY_REQUEST_ANNOTATION, type KernelWhisper } from 'kernel-gossip-types';
import { describe, expect, test, vi } from 'vitest';
import { capture, type Captured } from '../testing/capture.ts';
import { fullWhisper, OWNER_PATCH, proposed, proven } from '../testing/remedies.ts';
import { json, scriptedCluster } from '../testing/scripted-cluster.ts';

// The first of them loads the cluster's client, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly body: unknown;
}

interface Script {
  whisper: KernelWhisper;
  /** What the operator makes of the whisper once it was asked; null: it does not answer. */
  answer: ((request: string) => KernelWhisper) | null;
  /** The limit in the owner's template. */
  templateLimit: string;
  /** The path of whose PATCH the API server says 403. */
  forbidden: string | null;
  readonly sent: Sent[];
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

const deployment = (limit: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    template: {
      spec: { containers: [{ name: 'app', resources: { limits: { cpu: limit } } }, { name: 'log' }] },
    },
  },
});

const WHISPERS = '/apis/kernel.gossip.io/v1alpha1/namespaces/shop/kernelwhispers';
const OWNER = '/apis/apps/v1/namespaces/shop/deployments/web';

/** An API server with one whisper and its owner, which the remedy's commands read and patch. */
async function cluster(remedy: object, parts: Partial<Script> = {}) {
  const script: Script = {
    whisper: fullWhisper(remedy as Readonly<Record<string, unknown>>),
    answer: null,
    templateLimit: '200m',
    forbidden: null,
    sent: [],
    ...parts,
  };
  const patched = async (request: IncomingMessage, path: string): Promise<unknown> => {
    const body = await bodyOf(request);
    script.sent.push({ method: 'PATCH', path, type: request.headers['content-type'], body });
    if (path === OWNER) {
      script.templateLimit = '400m';
      return deployment('400m');
    }
    const { metadata } = body as { readonly metadata: { readonly annotations: Record<string, string> } };
    const before = script.whisper;
    script.whisper = script.answer?.(metadata.annotations[REMEDY_REQUEST_ANNOTATION] ?? '') ?? before;
    return before;
  };
  const env = await scriptedCluster((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (request.method === 'PATCH' && path === script.forbidden)
      json(response, 403, { kind: 'Status', reason: 'Forbidden', message: `patch of ${path} is forbidden` });
    else if (request.method === 'PATCH')
      void patched(request, path).then((answer) => json(response, 200, answer));
    else if (path === OWNER) json(response, 200, deployment(script.templateLimit));
    else if (path.endsWith('/kernelwhispers'))
      json(response, 200, {
        apiVersion: API_VERSION,
        kind: 'KernelWhisperList',
        metadata: { resourceVersion: '1' },
        items: [script.whisper],
      });
    else json(response, 200, script.whisper);
  });
  const remedyOf = (...argv: readonly string[]): Promise<Captured> =>
    capture(['remedy', ...argv], { env, now: Date.now });
  return { script, remedy: remedyOf };
}

describe('remedy approve', () => {
  test('asks by the annotation that names the proposal, and says what the operator answered', async () => {
    const { script, remedy } = await cluster(proposed(), {
      answer: (request) =>
        fullWhisper(
          proposed({ phase: 'Waiting', message: 'Outside the allowed hours.', answered_request: request }),
        ),
    });
    const { out, code } = await remedy('approve', 'pod/web-1');
    expect(script.sent).toEqual([
      {
        method: 'PATCH',
        path: `${WHISPERS}/${script.whisper.metadata.name}`,
        type: 'application/merge-patch+json',
        body: { metadata: { annotations: { [REMEDY_REQUEST_ANNOTATION]: 'approve/p-1' } } },
      },
    ]);
    expect(out).toBe(
      'shop/web-1 app: approved: CPU limit 200m → 400m. Waiting: allowed; not sent yet. Outside the allowed hours.\n',
    );
    expect(code).toBe(0);
  });

  test('a refusal exits 1 with the reason', async () => {
    const { remedy } = await cluster(proposed(), {
      answer: (request) =>
        fullWhisper(
          proposed({ phase: 'Refused', message: 'The node has no room.', answered_request: request }),
        ),
    });
    const { out, err, code } = await remedy('approve', 'web-1', '--quiet');
    expect({ out, err, code }).toEqual({
      out: '',
      err: 'shop/web-1 app: not approved. Refused: not made. The node has no room.\n',
      code: 1,
    });
  });

  test('another proposal meanwhile is not approved unseen', async () => {
    const { remedy } = await cluster(proposed(), {
      answer: () => fullWhisper(proposed({ proposal_id: 'p-2', to: { cpu_limit: '800m' } })),
    });
    const { err, code } = await remedy('approve', 'web-1');
    expect(err).toContain('there is another proposal by now');
    expect(code).toBe(1);
  });

  test('no answer is said after --timeout, and what stays', async () => {
    const { script, remedy } = await cluster(proposed());
    const { err, code } = await remedy('approve', 'web-1', '--timeout', '3');
    expect(err).toContain('not answered within 3 s. The request stays on the whisper');
    expect(code).toBe(1);
    expect(script.sent).toHaveLength(1);
  });

  test.each([['--wait=false'], ['--no-wait']])('%s does not wait', async (flag) => {
    const { remedy } = await cluster(proposed());
    expect(await remedy('approve', 'web-1', flag)).toMatchObject({
      code: 0,
      out: 'shop/web-1 app: asked for: CPU limit 200m → 400m\n',
    });
  });

  test('what is not proposed is not asked for, and what to do is said', async () => {
    const { script, remedy } = await cluster(proven());
    const { err, code } = await remedy('approve', 'web-1');
    expect(code).toBe(2);
    expect(err).toContain('not approved. The remedy is Proven');
    expect(err).toContain('`kgossip remedy persist` makes it last');
    expect(script.sent).toEqual([]);
  });

  test('a missing right is named, and exits 4', async () => {
    const { remedy } = await cluster(proposed(), {
      forbidden: `${WHISPERS}/web-1-cpu-throttle-0000000000`,
    });
    const { err, code } = await remedy('approve', 'web-1');
    expect(code).toBe(4);
    expect(err).toContain('This needs patch on kernelwhispers.kernel.gossip.io in namespace shop');
  });
});

describe('remedy undo', () => {
  test('waits for the answer over the steps that a remedy takes by itself', async () => {
    const { script, remedy } = await cluster(proven({ phase: 'Measuring' }), {
      answer: () => fullWhisper(proven()),
    });
    const undoing = remedy('undo', 'web-1', '-c', 'app');
    await expect.poll(() => script.sent.length, { timeout: 30_000 }).toBe(1);
    expect(script.sent[0]?.body).toEqual({
      metadata: { annotations: { [REMEDY_REQUEST_ANNOTATION]: 'undo/p-1' } },
    });
    script.whisper = fullWhisper(
      proven({ phase: 'TakingBack', message: 'A person asked for it.', answered_request: 'undo/p-1' }),
    );
    expect(await undoing).toMatchObject({
      code: 0,
      out: 'shop/web-1 app: granted: back to CPU limit 200m, CPU request 100m. TakingBack: the old limits are being put back. A person asked for it.\n',
    });
  });

  test('nothing was changed, so nothing is undone', async () => {
    const { script, remedy } = await cluster(proposed());
    const { err, code } = await remedy('undo', 'web-1');
    expect({ code, sent: script.sent }).toEqual({ code: 2, sent: [] });
    expect(err).toContain('Nothing was changed yet.');
  });
});

describe('remedy persist', () => {
  test('changes the template by a strategic merge, and says what changed', async () => {
    const { script, remedy } = await cluster(proven());
    const { out, err, code } = await remedy('persist', 'web-1');
    expect(script.sent).toEqual([
      {
        method: 'PATCH',
        path: OWNER,
        type: 'application/strategic-merge-patch+json',
        body: JSON.parse(OWNER_PATCH) as unknown,
      },
    ]);
    expect(out).toBe('deployment.apps/web: container app: CPU limit 200m → 400m\n');
    expect(err).toContain('replaces the pods made from it');
    expect(code).toBe(0);
    const again = await remedy('persist', 'web-1');
    expect(again.out).toBe('deployment.apps/web: nothing to change, it has these limits already\n');
  });

  test('--print and -o yaml print, and send nothing', async () => {
    const { script, remedy } = await cluster(proven());
    const printed = await remedy('persist', 'web-1', '--print');
    expect(printed.out).toBe(`# As a command:
kubectl patch deployment web -n shop --type strategic -p '${OWNER_PATCH}'

# As YAML, for a repository:
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      containers:
        - name: app
          resources:
            limits:
              cpu: 400m
`);
    const yaml = await remedy('persist', 'web-1', '-o', 'yaml');
    expect(printed.out.endsWith(yaml.out)).toBe(true);
    expect(yaml.out.startsWith('apiVersion: apps/v1\n')).toBe(true);
    expect(script.sent).toEqual([]);
  });

  const OTHER = { kind: 'Rollout', name: 'web', patch: OWNER_PATCH };
  const GREEDY = {
    kind: 'Deployment',
    name: 'web',
    patch: OWNER_PATCH.replace('"name":"app"', '"name":"app","image":"evil"'),
  };
  test.each([
    [
      'a GitOps owner',
      proven({
        owner: { kind: 'Deployment', name: 'web', managed_by: 'Argo CD shop/web', patch: OWNER_PATCH },
      }),
      'Argo CD shop/web keeps Deployment web in line with a repository',
      true,
    ],
    ['what is not proven', proven({ phase: 'Measuring' }), 'The remedy is Measuring', true],
    ['an owner of another kind', proven({ owner: OTHER }), 'A Rollout is changed by hand', false],
    [
      'a patch of more than limits',
      proven({ owner: GREEDY }),
      'The patch would change more than limits and requests',
      false,
    ],
  ])(
    '%s is only printed, and --force applies what may be forced',
    async (_what, remedyParts, why, forcible) => {
      const { script, remedy } = await cluster(remedyParts);
      const { out, err, code } = await remedy('persist', 'web-1');
      expect(out).toContain('# As a command:\nkubectl patch ');
      expect(err).toContain(`Not applied: ${why}`);
      expect(code).toBe(1);
      expect(script.sent).toEqual([]);
      const forced = await remedy('persist', 'web-1', '--force');
      expect(script.sent).toHaveLength(forcible ? 1 : 0);
      expect(forced.code).toBe(forcible ? 0 : 1);
    },
  );

  test('a template that someone changed meanwhile is left alone', async () => {
    const { script, remedy } = await cluster(proven(), { templateLimit: '1' });
    const { err, code } = await remedy('persist', 'web-1');
    expect(err).toContain('Its template was changed meanwhile: cpu limit 1 instead of 200m. --force');
    expect({ code, sent: script.sent }).toEqual({ code: 1, sent: [] });
  });

  test('a missing right is named, and exits 4', async () => {
    const { remedy } = await cluster(proven(), { forbidden: OWNER });
    const { err, code } = await remedy('persist', 'web-1');
    expect(code).toBe(4);
    expect(err).toContain('This needs patch on deployments.apps in namespace shop');
  });

  test('a pod without an owner', async () => {
    const { remedy } = await cluster(proven({ owner: null }));
    expect(await remedy('persist', 'web-1')).toMatchObject({ code: 5 });
  });
});

describe('remedy list and show', () => {
  test('as tables, and as the objects that carry them', async () => {
    const { remedy } = await cluster(proven());
    const listed = await remedy('list', '-A');
    expect(listed.out).toMatch(/^NAMESPACE +POD +CONTAINER +PHASE +MODE +CHANGE +WITHHELD +AGE +MESSAGE\n/);
    expect(listed.out).toMatch(/shop +web-1 +app +Proven +Auto +CPU limit 200m → 400m +99.84% less /);
    const machine = await remedy('list', '-o', 'json');
    expect(JSON.parse(machine.out)).toMatchObject({
      kind: 'KernelWhisperList',
      items: [{ status: { remedy: { phase: 'Proven', proposal_id: 'p-1' } } }],
    });
    const shown = await remedy('show', 'web-1');
    expect(shown.out).toContain(
      `kubectl patch pod web-1 -n shop --subresource resize --type strategic -p '{"spec":{"containers":[`,
    );
    expect((await remedy('show', 'web-1', '-o', 'name')).out).toBe(
      'kernelwhisper.kernel.gossip.io/web-1-cpu-throttle-0000000000\n',
    );
  });

  test('what is not there is said', async () => {
    const { script, remedy } = await cluster(proven());
    expect(await remedy('show', 'ghost')).toMatchObject({ code: 5 });
    expect(await remedy('show', 'web-1', '-c', 'other')).toMatchObject({ code: 5 });
    script.whisper = fullWhisper(null);
    expect(await remedy('show', 'web-1')).toMatchObject({
      code: 5,
      err: expect.stringContaining('has a whisper, but no such remedy') as string,
    });
    expect(await remedy('list')).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringContaining('No remedies in namespace shop') as string,
    });
  });

  test('an operator by itself has none', async () => {
    const { err, code } = await capture(['remedy', 'list', '--url', 'http://127.0.0.1:59999']);
    expect(code).toBe(2);
    expect(err).toContain('There are no remedies here: they change pods of a cluster');
  });
});
