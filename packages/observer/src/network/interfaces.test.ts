import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNetDev } from './interfaces.ts';

const HEADER = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
/** As Linux 6.18 wrote it of a pod. */
const DEV = `${HEADER}    lo: 2562491608 3699876    0    0    0     0          0         0 2562491608 3699876    0    0    0     0       0          0
  eth0: 2971160029   89197    1    2    0     0          0         5  9995691   66460    3    4    0     0       0          0
`;

describe('parseNetDev', () => {
  it('reads every interface but lo', () => {
    expect(parseNetDev(DEV)).toEqual([
      {
        name: 'eth0',
        received: { bytes: 2_971_160_029, packets: 89_197, errors: 1, drops: 2 },
        sent: { bytes: 9_995_691, packets: 66_460, errors: 3, drops: 4 },
      },
    ]);
  });

  it('reads figures that fill their column', () => {
    const line = 'veth12345678901:12345678901234 5 0 1 0 0 0 0 9 8 0 7 0 0 0 0\n';
    expect(parseNetDev(HEADER + line)).toMatchObject([
      { name: 'veth12345678901', received: { packets: 5, drops: 1 }, sent: { packets: 8, drops: 7 } },
    ]);
  });

  it('goes by the names of the columns', () => {
    const text = 'x\n face |drop errs more packets bytes|packets bytes drop errs\n eth0: 1 2 3 4 5 6 7 8 9\n';
    expect(parseNetDev(text)).toEqual([
      {
        name: 'eth0',
        received: { bytes: 5, packets: 4, errors: 2, drops: 1 },
        sent: { bytes: 7, packets: 6, errors: 9, drops: 8 },
      },
    ]);
  });

  it('leaves out a line that is cut off', () => {
    expect(parseNetDev(DEV.slice(0, -1))).toEqual([]);
    expect(parseNetDev(`${DEV.slice(0, -4)}\n`)).toEqual([]);
  });

  it('takes any bytes without throwing', () => {
    const words = fc.constantFrom(
      'eth0:',
      ':',
      '|',
      'bytes',
      'packets',
      'errs',
      'drop',
      ' ',
      '\n',
      '7',
      '-1',
      'é',
    );
    const text = fc.oneof(
      fc.array(words).map((parts) => parts.join('')),
      fc.array(words).map((parts) => HEADER + parts.join('')),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => HEADER + Buffer.from(bytes).toString('latin1')),
    );
    fc.assert(
      fc.property(text, (any) => {
        for (const { name, received, sent } of parseNetDev(any)) {
          expect(name).not.toBe('');
          for (const value of [received, sent].flatMap((way): number[] => Object.values({ ...way })))
            expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
        }
      }),
    );
    expect(parseNetDev('')).toEqual([]);
  });
});
