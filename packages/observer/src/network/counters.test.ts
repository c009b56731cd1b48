import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNTERS, parseNetstat, parseSnmp } from './counters.ts';

/** As Linux 6.18 wrote it; the figures of `Icmp` and `UdpLite` are left out. */
const SNMP = `Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits
Ip: 2 64 3789085 0 0 0 0 0 3789085 3760062 0 0 0 0 0 0 0 0 0 3760062
IcmpMsg: InType3 OutType3
IcmpMsg: 4 2
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 45064 39608 5236 23213 3 3788604 3763781 2627 0 27277 0
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 481 7 5 483 4 0 0 0 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
UdpLite: 0 0 0 0 0 0 0 0 0
`;
/** The beginning of what Linux 6.18 wrote, and some columns from its middle. */
const NETSTAT = `TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts PruneCalled ListenOverflows ListenDrops TCPTimeouts TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory TCPAbortOnTimeout TCPAODroppedIcmps
TcpExt: 0 0 0 11 0 12 13 3816 302 18562 0 2590 0
IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts
IpExt: 0 0 0 81
`;

describe('parseSnmp', () => {
  it('reads what a kernel wrote', () => {
    expect(parseSnmp(SNMP)).toEqual({
      TcpActiveOpens: 45_064,
      TcpPassiveOpens: 39_608,
      TcpAttemptFails: 5236,
      TcpEstabResets: 23_213,
      TcpCurrEstab: 3,
      TcpInSegs: 3_788_604,
      TcpOutSegs: 3_763_781,
      TcpRetransSegs: 2627,
      TcpOutRsts: 27_277,
      UdpInDatagrams: 481,
      UdpNoPorts: 7,
      UdpInErrors: 5,
      UdpOutDatagrams: 483,
      UdpRcvbufErrors: 4,
    });
  });

  it('does not make up what is not there', () => {
    expect(Object.values(parseSnmp('')).every((value) => value === null)).toBe(true);
    const old = 'Tcp: ActiveOpens OutSegs\nTcp: 3 4\n';
    expect(parseSnmp(old)).toMatchObject({
      TcpActiveOpens: 3,
      TcpOutSegs: 4,
      TcpRetransSegs: null,
      UdpInErrors: null,
    });
  });

  it('takes no figure of a line that is cut off', () => {
    const cut = SNMP.slice(0, SNMP.indexOf(' 27277'));
    expect(parseSnmp(cut)).toMatchObject({ TcpActiveOpens: null, TcpRetransSegs: null });
    expect(parseSnmp(`${cut}\n`)).toMatchObject({ TcpActiveOpens: null, TcpRetransSegs: null });
  });

  it('takes a gauge that was negative for a moment as not measured', () => {
    const text = 'Tcp: CurrEstab InSegs\nTcp: 18446744073709551615 5\n';
    expect(parseSnmp(text)).toMatchObject({ TcpCurrEstab: null, TcpInSegs: 5 });
    expect(parseSnmp(text.replace('18446744073709551615', '-1'))).toMatchObject({ TcpCurrEstab: null });
  });
});

describe('parseNetstat', () => {
  it('reads what a kernel wrote', () => {
    expect(parseNetstat(NETSTAT)).toEqual({
      TcpExtEmbryonicRsts: 11,
      TcpExtListenOverflows: 12,
      TcpExtListenDrops: 13,
      TcpExtTCPTimeouts: 3816,
      TcpExtTCPAbortOnData: 302,
      TcpExtTCPAbortOnClose: 18_562,
    });
  });
});

describe('both', () => {
  const all = (text: string) => ({ ...parseNetstat(text), ...parseSnmp(text) });

  it('read any counters back, in any order and among any others', () => {
    const named = fc.uniqueArray(fc.tuple(fc.constantFrom(...COUNTERS), fc.maxSafeNat(), fc.nat()), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(named, fc.stringMatching(/^X[a-z]{0,5}$/), (counters, unknown) => {
        const lines = ['TcpExt', 'Udp', 'Tcp'].flatMap((protocol) => {
          const own = counters
            .filter(([name]) => new RegExp(`^${protocol}(?!Ext)`).test(name))
            .sort(([, , one], [, , other]) => one - other);
          const names = [...own.map(([name]) => name.slice(protocol.length)), unknown];
          return [
            `${protocol}: ${names.join(' ')}`,
            `${protocol}: ${[...own.map(([, value]) => value), 7].join(' ')}`,
          ];
        });
        const read = all(`${lines.join('\n')}\n`);
        for (const name of COUNTERS)
          expect(read[name]).toBe(counters.find(([other]) => other === name)?.[1] ?? null);
      }),
    );
  });

  it('take any bytes without throwing', () => {
    const words = fc.constantFrom(
      'Tcp: ',
      'TcpExt: ',
      'Udp: ',
      'InSegs',
      'ListenDrops',
      ' ',
      '\n',
      '7',
      '-',
      '\0',
      '1e3',
    );
    const text = fc.oneof(
      fc.array(words).map((parts) => parts.join('')),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.nat(SNMP.length).map((length) => SNMP.slice(0, length)),
      fc.nat(SNMP.length).map((start) => SNMP.slice(start)),
    );
    fc.assert(
      fc.property(text, (any) => {
        const read = Object.entries(all(any));
        expect(read.map(([name]) => name).sort()).toEqual([...COUNTERS].sort());
        expect(read.every(([, value]) => value === null || (Number.isSafeInteger(value) && value >= 0))).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });
});
