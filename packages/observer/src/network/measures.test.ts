import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, COUNTERS, type Counters } from './counters.ts';
import { MEASURES, tallyOf, type Measure } from './measures.ts';
import { attemptedOf, failedPercent } from './tally.ts';
import type { NetworkWindow } from './window.ts';

const window = (grown: Partial<Counters>, rest: Partial<NetworkWindow> = {}): NetworkWindow => ({
  seconds: 10,
  established: 0,
  received: { packets: 0, drops: 0 },
  sent: { packets: 0, drops: 0 },
  ...rest,
  grown: { ...collect(COUNTERS.map((name) => [name, 0])), ...grown },
});
const share = (measure: Measure, of: NetworkWindow): string | null => {
  const tally = tallyOf(measure, of);
  return tally === null ? null : `${tally.failed}/${attemptedOf(tally)}`;
};

describe('tallyOf', () => {
  it.each<[string, Measure, NetworkWindow, string | null]>([
    [
      'segments sent again are not among those sent',
      'retransmits',
      window({ TcpOutSegs: 95, TcpRetransSegs: 5 }),
      '5/100',
    ],
    [
      'dropped packets arrived, those not sent did not leave',
      'packets',
      window({}, { received: { packets: 50, drops: 5 }, sent: { packets: 45, drops: 5 } }),
      '10/100',
    ],
    [
      'a driver may leave dropped packets out',
      'packets',
      window({}, { received: { packets: 0, drops: 5 } }),
      '5/5',
    ],
    ['no interface, no drops', 'packets', window({}, { received: null, sent: null }), null],
    [
      'datagrams not taken',
      'datagrams',
      window({ UdpInDatagrams: 90, UdpInErrors: 10, UdpNoPorts: 99 }),
      '10/100',
    ],
    [
      'connections that stood or began',
      'resets',
      window({ TcpEstabResets: 4, TcpActiveOpens: 3, TcpPassiveOpens: 2 }, { established: 5 }),
      '4/10',
    ],
    [
      'those cut off by the pod itself',
      'resets',
      window({ TcpEstabResets: 4, TcpExtTCPAbortOnClose: 2, TcpExtTCPAbortOnData: 1, TcpActiveOpens: 10 }),
      '1/10',
    ],
    [
      'more cut off than reset',
      'resets',
      window({ TcpEstabResets: 1, TcpExtTCPAbortOnClose: 2, TcpActiveOpens: 10 }),
      '0/10',
    ],
    [
      'without the other file, not measured',
      'resets',
      window({ TcpEstabResets: 4, TcpExtTCPAbortOnClose: null }),
      null,
    ],
    ['not known how many stood', 'resets', window({ TcpEstabResets: 4 }, { established: null }), null],
    ['attempts that failed', 'outgoing', window({ TcpAttemptFails: 2, TcpActiveOpens: 10 }), '2/10'],
    ['half-open probes of others', 'outgoing', window({ TcpAttemptFails: 9, TcpExtEmbryonicRsts: 9 }), '0/0'],
    [
      'attempts begun in an earlier window',
      'outgoing',
      window({ TcpAttemptFails: 4, TcpActiveOpens: 1 }),
      '4/4',
    ],
    [
      'requests dropped',
      'incoming',
      window({ TcpExtListenDrops: 5, TcpExtListenOverflows: 5, TcpPassiveOpens: 15 }),
      '5/20',
    ],
  ])('%s', (_, measure, of, expected) => {
    expect(share(measure, of)).toBe(expected);
  });

  it('never says anything negative, nor more than 100 %', () => {
    const figure = fc.option(fc.nat(100));
    const traffic = fc.option(fc.record({ packets: fc.nat(100), drops: fc.nat(100) }));
    const grown = fc
      .array(figure, { minLength: COUNTERS.length, maxLength: COUNTERS.length })
      .map((figures) => collect(COUNTERS.map((name, index) => [name, figures[index] ?? null])));
    fc.assert(
      fc.property(grown, traffic, figure, (given, way, established) => {
        for (const measure of MEASURES) {
          const tally = tallyOf(measure, window(given, { received: way, sent: way, established }));
          if (tally === null) continue;
          expect(Math.min(tally.failed, tally.begun, tally.standing)).toBeGreaterThanOrEqual(0);
          expect(failedPercent(tally)).toBeLessThanOrEqual(100);
        }
        expect(tallyOf('retransmits', window(given)) === null).toBe(
          given.TcpOutSegs === null || given.TcpRetransSegs === null,
        );
      }),
    );
  });
});
