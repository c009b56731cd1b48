import { describe, expect, it } from 'vitest';
import { KernelGossipError } from 'kernel-gossip-types';
import {
  admitByToken,
  admitFromHere,
  admitNoReader,
  isFromHere,
  type Reading,
  type Visit,
} from './read-access.ts';

const HERE: Visit = {
  remoteAddress: '127.0.0.1',
  localAddress: '127.0.0.1',
  host: '127.0.0.1:8080',
  isForwarded: false,
  authorization: undefined,
};
const THERE: Visit = { ...HERE, remoteAddress: '10.0.0.7', localAddress: '10.0.0.1', host: 'gossip:8080' };
const ALL: Reading = { kinds: ['KernelWhisper', 'PodBirthCertificate'], namespace: null };
const SHOP: Reading = { kinds: ['KernelWhisper'], namespace: 'shop' };

describe('a visitor', () => {
  it.each<readonly [string, Partial<Visit>]>([
    ['by its address', {}],
    ['by version 6', { remoteAddress: '::1', localAddress: '::1', host: '[::1]:8080' }],
    ['on a socket for both', { remoteAddress: '::ffff:127.0.0.1', localAddress: '::ffff:127.0.0.1' }],
    ['by name', { host: 'localhost:18080' }],
    ['as kgossip names the operator', { host: 'kernel-gossip-operator' }],
  ])('is from here %s', (_what, changes) => {
    expect(isFromHere({ ...HERE, ...changes })).toBe(true);
  });

  it.each<readonly [string, Partial<Visit>]>([
    ['comes from another machine', { remoteAddress: '10.0.0.7' }],
    ['came to the address of the pod', { localAddress: '10.0.0.1' }],
    ['comes from a sidecar of Istio', { remoteAddress: '127.0.0.6' }],
    ['was passed on by a proxy', { isForwarded: true }],
    ['is a page of a name that was made to lead here', { host: 'evil.example:8080' }],
    ['says no host', { host: null }],
    ['is gone', { remoteAddress: null, localAddress: null }],
  ])('is not from here who %s', (_what, changes) => {
    expect(isFromHere({ ...HERE, ...changes })).toBe(false);
  });
});

/** A cluster in which `alice` may list whispers of the namespace shop, and `view` everything everywhere. */
const byToken = admitByToken({
  reviewToken: (token) =>
    token === 'bad'
      ? Promise.resolve(null)
      : Promise.resolve({ username: token, uid: null, groups: [], extra: {} }),
  mayRead: ({ username }, resource, namespace) =>
    Promise.resolve(username === 'view' || (resource === 'kernelwhispers' && namespace === 'shop')),
});
const bearer = (token: string): Visit => ({ ...THERE, authorization: `Bearer ${token}` });

describe('who may read', () => {
  it('is who may list all of it, where it is', async () => {
    expect(await byToken(bearer('view'), ALL)).toBeNull();
    expect(await byToken(bearer('alice'), SHOP)).toBeNull();
    expect(await byToken(bearer('alice'), ALL)).toMatchObject({
      status: 403,
      error: expect.stringMatching(
        /^alice may not list kernelwhispers.kernel.gossip.io in all namespaces/,
      ) as unknown,
    });
    expect(await byToken(bearer('alice'), { ...SHOP, kinds: ['PodBirthCertificate'] })).toMatchObject({
      status: 403,
    });
  });

  it('is nobody without a token that is valid', async () => {
    expect(await byToken(THERE, SHOP)).toMatchObject({ status: 401 });
    expect(await byToken(bearer('bad'), SHOP)).toMatchObject({ status: 401 });
    // Being here is worth nothing where tokens are asked of everybody.
    expect(await byToken(HERE, SHOP)).toMatchObject({ status: 401 });
  });

  it('is who is here, and others as the rest decides', async () => {
    expect(await admitFromHere(byToken)(HERE, ALL)).toBeNull();
    expect(await admitFromHere(byToken)(THERE, ALL)).toMatchObject({ status: 401 });
    expect(await admitFromHere(admitNoReader)(THERE, ALL)).toMatchObject({ status: 403 });
  });

  it('is nobody when nobody can be asked', async () => {
    const away = admitByToken({
      reviewToken: () => Promise.reject(new KernelGossipError('KG_STORE_UNAVAILABLE', 'away')),
      mayRead: () => Promise.resolve(true),
    });
    await expect(away(bearer('view'), ALL)).rejects.toThrow('away');
  });
});
