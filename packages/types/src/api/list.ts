import type * as t from 'io-ts';
import { list, oneOf, optional, required, struct, text } from '../codec/index.ts';
import { apiVersion, KernelWhisper, PodBirthCertificate } from '../resource/index.ts';

const ListMeta = struct('list metadata', {
  resourceVersion: optional(text(64), 'Version of the list in its store.'),
});

export const KernelWhisperList = struct('a KernelWhisperList', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('KernelWhisperList'), 'Kind.'),
  metadata: required(ListMeta, 'Metadata.'),
  items: required(list(KernelWhisper, { maxItems: 1_000_000 }), 'The whispers.'),
});
export type KernelWhisperList = t.TypeOf<typeof KernelWhisperList>;

export const PodBirthCertificateList = struct('a PodBirthCertificateList', {
  apiVersion: required(apiVersion, 'Group and version.'),
  kind: required(oneOf('PodBirthCertificateList'), 'Kind.'),
  metadata: required(ListMeta, 'Metadata.'),
  items: required(list(PodBirthCertificate, { maxItems: 1_000_000 }), 'The certificates.'),
});
export type PodBirthCertificateList = t.TypeOf<typeof PodBirthCertificateList>;
