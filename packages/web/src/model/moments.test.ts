import { expect, it } from 'vitest';
import { agoText, clockText, lengthText, skewText, zoneText } from './moments.ts';

it('tells lengths of time in one unit', () => {
  expect([-5, 0, 119_999, 120_000, 3 * 3_600_000, 50 * 3_600_000].map(lengthText)).toEqual([
    '0s',
    '0s',
    '119s',
    '2m',
    '3h',
    '2d',
  ]);
  expect(agoText('2026-03-15T10:30:00Z', Date.parse('2026-03-15T10:30:42Z'))).toBe('42s');
});

it('tells the day of a moment only where it is another one', () => {
  const noon = new Date(2026, 2, 15, 12, 5, 7).getTime();
  expect(clockText(noon, noon)).toBe('12:05:07');
  expect(clockText(noon, noon + 24 * 3_600_000)).toBe('2026-03-15 12:05:07');
});

it('says that the clock of the browser is off where that could mislead', () => {
  expect([0, 5000, -5000].map(skewText)).toEqual([null, null, null]);
  expect(skewText(61_000)).toMatch(/^This browser's clock is 61s ahead of the operator's;/);
  expect(skewText(-7_200_000)).toMatch(/^This browser's clock is 120m behind the operator's;/);
});

it('names the time zone of the browser', () => {
  expect(zoneText(Date.UTC(2026, 2, 15))).toMatch(/^(UTC|[\w/+-]+, GMT.*)$/);
});
