import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import type { EncryptionOptions } from './load-proto.ts';

/** One pair of keys: what the other side needs for encrypting rows to us, and how they are read. */
export interface Encryption {
  readonly options: EncryptionOptions;
  /** The serialized row batch in a compact JWE. Rejects what is not encrypted to us in the way that was asked for. */
  readonly decrypt: (jwe: Buffer) => Promise<Buffer>;
}

/** What Pixie's own clients ask for (pixie, src/api/go/pxapi/utils/encryption.go). */
const KEY_ALGORITHM = 'RSA-OAEP-256';
const CONTENT_ALGORITHM = 'A256GCM';
const KEY_BITS = 4096;

/** A message of 4 MiB can hold four gigabytes of zeros. No batch of Pixie's is larger than a message when not compressed. */
const LARGEST_BATCH = 16 * 1024 * 1024;

/** Makes a pair of keys; takes a second or several, beside the main thread. */
export async function makeEncryption(): Promise<Encryption> {
  const { publicKey, privateKey } = await generateKeyPair(KEY_ALGORITHM, { modulusLength: KEY_BITS });
  return {
    options: {
      jwkKey: JSON.stringify(await exportJWK(publicKey)),
      keyAlg: KEY_ALGORITHM,
      contentAlg: CONTENT_ALGORITHM,
      compressionAlg: 'DEF',
    },
    decrypt: async (jwe) => {
      const { plaintext } = await compactDecrypt(jwe, privateKey, {
        keyManagementAlgorithms: [KEY_ALGORITHM],
        contentEncryptionAlgorithms: [CONTENT_ALGORITHM],
        maxDecompressedLength: LARGEST_BATCH,
      });
      return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
    },
  };
}
