import { describe, expect, it } from 'vitest';
import { kernelPackageIn, sha256In } from './kernel.ts';

const DIGEST = 'e7d02b943971edcb8790e256c02cfab3bca6c3d37c1bf25392a57c71300615ee';

describe('the kernel of the guest', () => {
  it('is the one that the metapackage depends on', () => {
    const depends = 'linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n';
    expect(kernelPackageIn(depends)).toBe('linux-image-6.1.0-56-cloud-amd64');
  });

  it('is not known where apt has no lists', () => {
    expect(kernelPackageIn('')).toBeUndefined();
    expect(sha256In('')).toBeUndefined();
  });

  it('is kept by the digest that the archive gives', () => {
    expect(sha256In(`Size: 26713492\nMD5sum: 00\nSHA256: ${DIGEST}\nDescription: x\n`)).toBe(DIGEST);
  });
});
