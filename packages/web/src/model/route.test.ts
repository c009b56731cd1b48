import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podHash, routeOf, whispersHash } from './route.ts';

describe('the address', () => {
  it('leads to any pod, whatever its name holds', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ minLength: 1, unit: 'grapheme' }),
        (namespace, pod) => {
          expect(routeOf(podHash(namespace, pod))).toEqual({ page: 'pod', namespace, pod });
        },
      ),
    );
  });

  it('leads to the whispers where it says nothing right', () => {
    fc.assert(
      fc.property(fc.string(), (hash) => {
        expect(['whispers', 'births', 'pod']).toContain(routeOf(hash).page);
      }),
    );
    expect(routeOf('#/pods/%ff/x')).toEqual({ page: 'whispers', query: '' });
    expect(routeOf('#/pods/shop')).toEqual({ page: 'whispers', query: '' });
    expect(routeOf(whispersHash('kind=cpu_throttle'))).toEqual({
      page: 'whispers',
      query: 'kind=cpu_throttle',
    });
    expect(routeOf('#/births')).toEqual({ page: 'births' });
  });
});
