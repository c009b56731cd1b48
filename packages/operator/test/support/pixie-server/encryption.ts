import {
  constants,
  createCipheriv,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  type JsonWebKey,
} from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import type { Verdict } from './query.ts';

/** How a caller wants its batches encrypted; the key is a JWK as JSON. */
export interface EncryptionOptions {
  readonly jwkKey: string;
  readonly keyAlg: string;
  readonly contentAlg: string;
  readonly compressionAlg: string;
}

/** Why these options cannot be met, or null when they can: Pixie's own clients ask for these algorithms only. */
export const encryptionFault = ({
  keyAlg,
  contentAlg,
  compressionAlg,
}: EncryptionOptions): Verdict | null => {
  const asked = `${keyAlg}/${contentAlg}/${compressionAlg}`;
  return asked === 'RSA-OAEP-256/A256GCM/DEF'
    ? null
    : { code: status.INVALID_ARGUMENT, details: `unsupported encryption ${asked}` };
};

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** Encrypts to the key of the caller, as a compact JWE (RFC 7516, section 3.1) whose text is deflated first. */
export const sealerFor = ({ jwkKey }: EncryptionOptions): ((plain: Uint8Array) => Buffer) => {
  const key = createPublicKey({ key: JSON.parse(jwkKey) as JsonWebKey, format: 'jwk' });
  const header = base64url(Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","zip":"DEF"}'));

  return (plain) => {
    const contentKey = randomBytes(32);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(header));
    const text = Buffer.concat([cipher.update(deflateRawSync(plain)), cipher.final()]);
    const wrappedKey = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      contentKey,
    );
    const parts = [wrappedKey, iv, text, cipher.getAuthTag()].map(base64url);
    return Buffer.from([header, ...parts].join('.'));
  };
};
