import { describe, expect, it } from 'vitest';
import { KernelGossipError } from 'kernel-gossip-types';
import {
  admitByToken,
  admitEveryReader,
  admitFromHere,
  admitNoReader,
  isFromHere,
  isLoopback,
  refuseRebound,
  type Reading,
  type Visit,
} from './read-access.ts';

const HERE: Visit = {
  remoteAddress: '127.0.0.1',
  localAddress: '127.0.0.1',
  host: '127.0.0.1:8080',
  isLoopbackOnly: false,
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

describe('where nobody is asked for a token', () => {
  it.each([
    ['evil.example:8080', false],
    ['EVIL.EXAMPLE', false],
    ['127.0.0.1.evil.example', false],
    ['127.0.0.1:8080', true],
    ['[::1]:8080', true],
    ['localhost:18080', true],
    ['app.localhost', true],
    ['kernel-gossip-operator', true],
    [null, true],
  ])('a server for its own machine answers to %s: %s', async (host, isAnswered) => {
    const here = { ...HERE, isLoopbackOnly: true, host };
    expect(refuseRebound(here)?.status ?? null).toBe(isAnswered ? null : 403);
    expect((await admitEveryReader(here, ALL))?.status ?? null).toBe(isAnswered ? null : 403);
    expect(refuseRebound({ ...here, isLoopbackOnly: false })).toBeNull();
  });

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::ffff:127.0.0.1', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.127.0.1', false],
    ['127.example', false],
  ])('%s is for its own machine: %s', (address, is) => {
    expect(isLoopback(address)).toBe(is);
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
