import fc from 'fast-check';
import { left, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { cloudAddress, directAddress, type CloudSettings } from './address.ts';

const CLUSTER = '1fae01a7-62e9-4ab0-8a93-3c6d29e300bb';
const settings = (changes: Partial<CloudSettings> = {}): CloudSettings => ({
  address: 'getcosmic.ai',
  clusterId: CLUSTER,
  apiKey: 'px-api-1234',
  ca: null,
  ...changes,
});

describe('cloudAddress', () => {
  it('takes a host with or without its port, by TLS', () => {
    const common = { clusterId: CLUSTER, apiKey: 'px-api-1234', tls: { ca: null } };
    expect(cloudAddress(settings())).toEqual(right({ ...common, target: 'dns:getcosmic.ai:443' }));
    expect(cloudAddress(settings({ address: ' work.pixie.example.com:8443 ' }))).toEqual(
      right({ ...common, target: 'dns:work.pixie.example.com:8443' }),
    );
    expect(cloudAddress(settings({ address: '[fd00::1]:51200' }))).toEqual(
      right({ ...common, target: 'dns:[fd00::1]:51200' }),
    );
  });

  it('takes a key and a cluster as a file or a person writes them', () => {
    const taken = cloudAddress(settings({ apiKey: 'px-api-1234\n', clusterId: CLUSTER.toUpperCase() }));
    expect(taken).toMatchObject(right({ apiKey: 'px-api-1234', clusterId: CLUSTER }));
  });

  it('names the setting that is wrong', () => {
    const wrong: readonly (readonly [Partial<CloudSettings>, string])[] = [
      [{ address: 'https://work.withpixie.ai' }, 'PIXIE_CLOUD_ADDR'],
      [{ address: 'work.withpixie.ai:0' }, 'PIXIE_CLOUD_ADDR'],
      [{ address: 'work.withpixie.ai:65536' }, 'PIXIE_CLOUD_ADDR'],
      [{ address: 'unix:/run/pixie' }, 'PIXIE_CLOUD_ADDR'],
      [{ address: 'fd00::1' }, 'PIXIE_CLOUD_ADDR'],
      [{ clusterId: 'prod' }, 'PIXIE_CLUSTER_ID'],
      [{ apiKey: ' ' }, 'PIXIE_API_KEY'],
      [{ ca: '/etc/ssl/ca.pem' }, 'PIXIE_CA_FILE'],
      [{ ca: '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----' }, 'PIXIE_CA_FILE'],
    ];
    for (const [changes, setting] of wrong) {
      expect(cloudAddress(settings(changes))).toMatchObject(left(expect.stringContaining(setting)));
    }
  });

  it('never says the key, and passes none that a header cannot hold', () => {
    const key = fc
      .tuple(fc.string({ minLength: 8 }), fc.constantFrom('\n', '\0', ' ', 'ü'))
      .map(([a, b]) => `x${a}${b}y`);
    fc.assert(
      fc.property(key, (apiKey) => {
        const refused = cloudAddress(settings({ apiKey }));
        expect(refused._tag).toBe('Left');
        expect(JSON.stringify(refused)).not.toContain(apiKey);
      }),
    );
  });
});

describe('directAddress', () => {
  it('speaks to a standalone PEM without TLS or key', () => {
    const common = { clusterId: 'localhost', apiKey: null, tls: null };
    expect(directAddress('10.0.0.7')).toEqual(right({ ...common, target: 'dns:10.0.0.7:12345' }));
    expect(directAddress('pem:4000')).toEqual(right({ ...common, target: 'dns:pem:4000' }));
    expect(directAddress('pem:port')).toMatchObject(left(expect.stringContaining('PIXIE_DIRECT_ADDR')));
  });
});
