import { KernelWhisper } from './kernel-whisper.ts';
import { PixieSource } from './pixie-source.ts';
import { PodBirthCertificate } from './pod-birth-certificate.ts';
import { RemediationPolicy } from './remediation-policy.ts';

/** Our resources by kind. */
export interface Resources {
  readonly KernelWhisper: KernelWhisper;
  readonly PodBirthCertificate: PodBirthCertificate;
  readonly RemediationPolicy: RemediationPolicy;
  readonly PixieSource: PixieSource;
}
export type Kind = keyof Resources;
export type Resource = Resources[Kind];

/** How a kind is named in URLs and by people. */
export interface KindNames {
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
}

export const KINDS: Readonly<Record<Kind, KindNames>> = {
  KernelWhisper: { plural: 'kernelwhispers', singular: 'kernelwhisper', shortName: 'kw' },
  PodBirthCertificate: {
    plural: 'podbirthcertificates',
    singular: 'podbirthcertificate',
    shortName: 'pbc',
  },
  RemediationPolicy: { plural: 'remediationpolicies', singular: 'remediationpolicy', shortName: 'rp' },
  PixieSource: { plural: 'pixiesources', singular: 'pixiesource', shortName: 'pxs' },
};

/** The codec of each kind. */
export const RESOURCE_CODECS = {
  KernelWhisper,
  PodBirthCertificate,
  RemediationPolicy,
  PixieSource,
} as const;
