import { visible } from './visible.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it('writes out what cannot be seen, and leaves everything else', () => {
  expect(visible('a\u202Eb\u0007c\nd')).toBe('a\\u{202e}b\\x07c\\nd');
  expect(visible('<b>näme</b> 名')).toBe('<b>näme</b> 名');
});

it('leaves nothing that acts on a page', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }),
  );
});
