import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { admitAnyone, authenticateByToken, usernameOf } from './authenticate.ts';
import type { Identity } from './identity.ts';

const OBSERVER = usernameOf('kernel-gossip-observer/kernel-gossip-observer');
const identity = (username: string, extra: Identity['extra'] = {}): Identity => ({
  username,
  uid: null,
  groups: [],
  extra,
});
const onNode = { 'authentication.kubernetes.io/node-name': ['node-1'] };
const known = new Map([
  ['observer', identity(OBSERVER, onNode)],
  ['unbound', identity(OBSERVER)],
  ['alice', identity('alice', onNode)],
]);
const authenticate = authenticateByToken({
  observer: OBSERVER,
  reviewToken: (token) => Promise.resolve(known.get(token) ?? null),
});

describe('who sends', () => {
  it('is an observer with its node, or somebody whom RBAC judges, wherever they run', async () => {
    expect(await authenticate('Bearer observer')).toEqual(right({ kind: 'observer', nodeName: 'node-1' }));
    expect(await authenticate('bearer  alice')).toEqual(
      right({ kind: 'account', identity: known.get('alice') }),
    );
  });

  it.each([undefined, '', 'Bearer', 'Basic b2JzZXJ2ZXI=', 'observer', 'Bearer a b', 'Bearer nobody'])(
    'is not known by %j',
    async (header) => {
      expect(await authenticate(header)).toMatchObject(left({ status: 401 }));
    },
  );

  it('is an observer that must say where it is', async () => {
    const denied = await authenticate('Bearer unbound');
    expect(isLeft(denied) && denied.left).toMatchObject({
      status: 403,
      error: expect.stringContaining('bound to the observer') as string,
    });
  });

  it('is not asked where anyone may send', async () => {
    expect(await admitAnyone(undefined)).toEqual(right({ kind: 'anyone' }));
  });
});

it('a service account has the name that its tokens have', () => {
  expect(OBSERVER).toBe('system:serviceaccount:kernel-gossip-observer:kernel-gossip-observer');
});
