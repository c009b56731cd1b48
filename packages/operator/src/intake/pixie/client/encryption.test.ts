import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Encryption, makeEncryption } from './encryption.ts';

describe('encrypted batches', () => {
  let encryption: Encryption;
  // 4096 bits take a second or several.
  beforeAll(async () => {
    encryption = await makeEncryption();
  }, 120_000);

  const seal = async (plain: Uint8Array, alg = 'RSA-OAEP-256', enc = 'A256GCM'): Promise<Buffer> => {
    const key = await importJWK(JSON.parse(encryption.options.jwkKey) as JWK, alg);
    return Buffer.from(
      await new CompactEncrypt(plain).setProtectedHeader({ alg, enc, zip: 'DEF' }).encrypt(key),
    );
  };

  it('are read with the key that was made for them', async () => {
    const plain = Buffer.from('any bytes \0\xff', 'latin1');
    expect(await encryption.decrypt(await seal(plain))).toEqual(plain);
  });

  it('are asked for with the public half of a 4096-bit key, and nothing of the other', () => {
    const { jwkKey, ...rest } = encryption.options;
    expect(rest).toEqual({ keyAlg: 'RSA-OAEP-256', contentAlg: 'A256GCM', compressionAlg: 'DEF' });
    const key = JSON.parse(jwkKey) as JWK;
    expect(Object.keys(key).sort()).toEqual(['e', 'kty', 'n']);
    expect(Buffer.from(key.n!, 'base64url')).toHaveLength(512);
  });

  it('are refused when they would unpack to more than a batch can be', async () => {
    const bomb = await seal(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(200_000);
    await expect(encryption.decrypt(bomb)).rejects.toThrow('limit');
    expect(await encryption.decrypt(await seal(Buffer.alloc(8 * 1024 * 1024)))).toHaveLength(8 * 1024 * 1024);
  });

  it('are refused when they are changed, or sealed in another way', async () => {
    const sealed = await seal(Buffer.from('rows'));
    sealed[sealed.length - 10]! ^= 1;
    await expect(encryption.decrypt(sealed)).rejects.toThrow();
    await expect(encryption.decrypt(await seal(Buffer.from('rows'), 'RSA-OAEP'))).rejects.toThrow();
    await expect(
      encryption.decrypt(await seal(Buffer.from('rows'), 'RSA-OAEP-256', 'A128GCM')),
    ).rejects.toThrow();
    await expect(encryption.decrypt(Buffer.from('rows'))).rejects.toThrow();
  });
});
