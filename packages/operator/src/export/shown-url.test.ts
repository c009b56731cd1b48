import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shownUrl } from './shown-url.ts';

it.each([
  ['', ''],
  ['http://collector:4318', 'http://collector:4318'],
  ['http://collector:4318/', 'http://collector:4318'],
  ['https://in.example/v1/logs', 'https://in.example/v1/logs'],
  ['https://in.example/v1/logs?token=SECRET#x', 'https://in.example/v1/logs'],
  ['https://user:SECRET@in.example/v1/logs', 'https://in.example/v1/logs'],
  ['https://in.example/receiver/SECRET/v1/logs', 'https://in.example/…'],
  ['SECRET', 'no URL'],
])('shows %j as %j', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});

it('shows of no URL more than where it leads', () => {
  const origin = 'https://in.example:4318';
  const texts = fc.array(fc.string({ unit: 'binary' }).map(encodeURIComponent), { minLength: 1 });
  fc.assert(
    fc.property(texts, fc.constantFrom('/', '?', '#'), (parts, mark) => {
      expect([origin, `${origin}/…`]).toContain(shownUrl(`${origin}/${parts.join(mark)}`));
    }),
  );
});
