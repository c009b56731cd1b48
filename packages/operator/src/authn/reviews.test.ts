import { describe, expect, it, onTestFinished } from 'vitest';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import { json, scriptedServer, status, type Reply, type ScriptedServer } from '../cluster/testing.ts';
import { accessReviewer } from './access-review.ts';
import type { Identity } from './identity.ts';
import { permit } from './permit.ts';
import { tokenReviewer } from './token-review.ts';

const serverOf = async (answer: (seen: { readonly body: unknown }) => Reply): Promise<ScriptedServer> => {
  const server = await scriptedServer(answer);
  onTestFinished(() => server.close());
  return server;
};

/** A token with these claims; whether its signature is right is for the API server to say. */
const jwt = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

const USER = {
  username: 'system:serviceaccount:kernel-gossip-observer:kernel-gossip-observer',
  uid: 'u',
  groups: ['system:serviceaccounts'],
  extra: { 'authentication.kubernetes.io/node-name': ['node-1'] },
};
const valid = { authenticated: true, audiences: ['kernel-gossip'], user: USER };

describe('a token review', () => {
  it('asks for our audience and tells whose the token is', async () => {
    const { api, seen } = await serverOf(() => json({ status: valid }, 201));
    expect(await tokenReviewer(api)('t0k3n')).toEqual(USER);
    expect(seen).toMatchObject([
      {
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { kind: 'TokenReview', spec: { token: 't0k3n', audiences: ['kernel-gossip'] } },
      },
    ]);
  });

  it.each([
    ['is invalid', { user: {}, error: 'invalid bearer token' }],
    ['is for another audience', { ...valid, audiences: ['https://kubernetes.default.svc'] }],
    ['was reviewed by a server that knows no audiences', { ...valid, audiences: undefined }],
    ['belongs to nobody', { ...valid, user: {} }],
  ])('lets nobody in whose token %s', async (_what, answer) => {
    const { api } = await serverOf(() => json({ status: answer }, 201));
    expect(await tokenReviewer(api)('t0k3n')).toBeNull();
  });

  it('is made once a minute for a token, once in ten seconds for a bad one, and not beyond its expiry', async () => {
    let now = 0;
    const { api, seen } = await serverOf(({ body }) =>
      json({ status: JSON.stringify(body).includes('bad') ? {} : valid }, 201),
    );
    const review = tokenReviewer(api, { now: () => now });
    const expiring = jwt({ exp: Date.now() / 1000 + 30 });
    const askAll = async (): Promise<number> => {
      for (const token of ['good', 'bad', expiring]) await review(token);
      return seen.length;
    };
    expect(await askAll()).toBe(3);
    now = 9_999;
    expect(await askAll()).toBe(3);
    now = 10_000;
    expect(await askAll()).toBe(4);
    now = 30_000;
    // The bad one and the one that has expired.
    expect(await askAll()).toBe(6);
    now = 60_000;
    expect(await askAll()).toBe(9);
  });

  it.each([
    ['is away', status(503, 'etcd is away'), 503],
    ['refuses the review', status(403, 'tokenreviews is forbidden'), 403],
    ['answers with something else', { kind: 'List' }, 200],
  ])('is no answer when the API server %s', async (_what, body, code) => {
    const { api } = await serverOf(() => json(body, code));
    const error = await tokenReviewer(api)('t0k3n').catch((thrown: unknown) => thrown);
    expect(isKernelGossipError(error, 'KG_STORE_UNAVAILABLE')).toBe(true);
    expect(messageOf(error)).toBe('the token cannot be checked now; send it again in a moment');
    expect(String((error as Error).cause)).not.toContain('t0k3n');
  });
});

const SENDER: Identity = { username: 'alice', uid: null, groups: ['team'], extra: { scope: ['a'] } };

/** An API server that allows these namespaces; the empty one stands for all of them. */
const allowing = (...namespaces: readonly string[]): Promise<ScriptedServer> =>
  serverOf(({ body }) => {
    const { spec } = body as {
      readonly spec: { readonly resourceAttributes: { readonly namespace: string } };
    };
    return json({ status: { allowed: namespaces.includes(spec.resourceAttributes.namespace) } }, 201);
  });

describe('the right to send', () => {
  it('is a question to the authorization of the cluster, asked once a minute', async () => {
    const { api, seen } = await allowing('shop');
    const maySend = accessReviewer(api);
    expect([await maySend(SENDER, 'shop'), await maySend(SENDER, 'shop')]).toEqual([true, true]);
    expect(await maySend(SENDER, 'bank')).toBe(false);
    expect(await maySend({ ...SENDER, groups: [] }, 'shop')).toBe(true);
    expect(seen).toHaveLength(3);
    expect(seen[0]?.body).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'alice',
        groups: ['team'],
        extra: { scope: ['a'] },
        resourceAttributes: {
          group: 'kernel.gossip.io',
          resource: 'observations',
          verb: 'create',
          namespace: 'shop',
        },
      },
    });
  });

  it('cannot be told while the API server is away', async () => {
    const { api } = await serverOf(() => json(status(500, 'oh'), 500));
    const error = await accessReviewer(api)(SENDER, 'shop').catch((thrown: unknown) => thrown);
    expect(isKernelGossipError(error, 'KG_STORE_UNAVAILABLE')).toBe(true);
  });

  const named = { kind: 'account', identity: SENDER } as const;

  it('is needed for each namespace', async () => {
    const { api } = await allowing('shop');
    const whyNot = await permit(named, new Set(['shop', 'bank']), accessReviewer(api));
    expect(whyNot('shop')).toBeNull();
    expect(whyNot('bank')).toEqual({
      path: 'namespace',
      expected: 'a namespace where alice may create observations.kernel.gossip.io',
      got: '"bank"',
    });
  });

  it('takes one question from who may send for all, and none from others than accounts', async () => {
    const { api, seen } = await allowing('');
    const many = new Set(Array.from({ length: 1000 }, (_, index) => `n${index}`));
    expect((await permit(named, many, accessReviewer(api)))('n999')).toBeNull();
    expect(seen).toHaveLength(1);
    const observer = { kind: 'observer', nodeName: 'node-1' } as const;
    expect((await permit(observer, many, accessReviewer(api)))('n0')).toBeNull();
    expect(seen).toHaveLength(1);
  });

  it('is not asked for without end', async () => {
    const { api, seen } = await allowing('n0', 'n40');
    const many = new Set(Array.from({ length: 41 }, (_, index) => `n${index}`));
    const whyNot = await permit(named, many, accessReviewer(api));
    expect(whyNot('n0')).toBeNull();
    expect(whyNot('n40')?.expected).toBe('at most 32 namespaces in one request');
    expect(seen).toHaveLength(33);
  });
});
