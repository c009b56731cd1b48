import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT } from './flat-keyed.ts';
import { parsePressureTotal } from './pressure.ts';

const totals = (text: string | Uint8Array): readonly [number, number] => {
  const buffer = Buffer.from(text);
  return [
    parsePressureTotal(buffer, buffer.length, 'some'),
    parsePressureTotal(buffer, buffer.length, 'full'),
  ];
};

describe('parsePressureTotal', () => {
  it('gives both totals', () => {
    const text =
      'some avg10=1.02 avg60=0.20 avg300=0.04 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=78\n';
    expect(totals(text)).toEqual([123_456, 78]);
  });

  it('takes a line that is not there as absent', () => {
    expect(totals('some avg10=1.02 avg60=0.20 avg300=0.04 total=5\n')).toEqual([5, ABSENT]);
    expect(totals('')).toEqual([ABSENT, ABSENT]);
    expect(parsePressureTotal(Buffer.from('some total=5\n'), 4, 'some')).toBe(ABSENT);
  });

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(totals(bytes).every((total) => total === ABSENT || total >= 0)).toBe(true);
      }),
    );
  });
});
