import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_TEMPLATE, templatePath } from './path-template.ts';

describe('the template of a path', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['*', '*'],
    ['/orders/42', '/orders/{id}'],
    ['/orders/42/items/7?page=2&token=secret#top', '/orders/{id}/items/{id}'],
    ['/api/v1/users', '/api/v1/users'],
    ['/api/v2beta1/oauth2/s3/', '/api/v2beta1/oauth2/s3/'],
    ['/u/7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11', '/u/{id}'],
    ['/u/{7f3c1a52-0a5c-4a43-9a7e-2f8f6f0c1d11}', '/u/{id}'],
    ['/blobs/sha256:9f86d081884c7d659a2feaa0c55ad015', '/blobs/{id}'],
    ['/c/deadbeef', '/c/{id}'],
    ['/reset/eyJhbGciOiJIUzI1NiJ9.e30.c2ln', '/reset/{id}'],
    ['/who/ann@example.org/mail', '/who/{id}/mail'],
    ['/who/ann%40example.org', '/who/{id}'],
    ['/report-2024/03', '/{id}/{id}'],
    ['/cart;jsessionid=A1B2C3/pay', '/cart/pay'],
    ['http://ann:secret@shop.example:8080/pay/9?x=1', '/pay/{id}'],
    ['http://shop.example', '/'],
    ['http:;x//shop.example', '/'],
    ['/a/%ff/b', '/a/%ff/b'],
    ['/%31%32', '/{id}'],
    ['/a-long-title-of-some-article-with-words-only', '/{id}'],
    ['/orders/{id}', '/orders/{id}'],
  ])('of %j is %j', (path, template) => {
    expect(templatePath(path)).toBe(template);
  });

  it('is cut at a segment, and says so', () => {
    expect(templatePath('/a'.repeat(40))).toBe(`${'/a'.repeat(14)}/…`);
    expect(templatePath(`/${'word'.repeat(7)}`.repeat(12))).toBe(`${`/${'word'.repeat(7)}`.repeat(8)}/…`);
  });

  const segment = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom('a', 'b', '0', '-', '.', '%', '4', '{', '}', '@', ';', ':', '…', '?'),
    }),
    fc.constantFrom('{id}', '', 'orders', '42', 'v1', '…'),
    fc.uuid(),
    fc.emailAddress(),
    fc.nat().map((number) => number.toString(16)),
  );
  const path = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.array(segment, { maxLength: 40 }).map((segments) => `/${segments.join('/')}`),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );

  it('is bounded, never empty, and its own template', () => {
    fc.assert(
      fc.property(path, (given) => {
        const template = templatePath(given);
        expect(template.length).toBeGreaterThan(0);
        expect(template.length).toBeLessThanOrEqual(LONGEST_TEMPLATE);
        expect(template.split('/').length).toBeLessThanOrEqual(16);
        expect(templatePath(template)).toBe(template);
      }),
      { numRuns: 2000 },
    );
  });

  it('holds nothing of a query, whatever stands there', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (query) => {
        expect(templatePath(`/pay?${query}`)).toBe('/pay');
        expect(templatePath(`/pay#${query}`)).toBe('/pay');
      }),
    );
  });

  it('is the same for any two ids', () => {
    const id = fc.oneof(fc.nat().map(String), fc.uuid(), fc.emailAddress().map(encodeURIComponent));
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(templatePath(`/orders/${one}/items`)).toBe(templatePath(`/orders/${other}/items`));
      }),
    );
  });
});
