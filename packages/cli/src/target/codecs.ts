import type { Decoder } from 'io-ts';
import {
  KernelWhisper,
  KernelWhisperList,
  PodBirthCertificate,
  PodBirthCertificateList,
} from 'kernel-gossip-types';
import type { FindingLists, FindingResource, Findings } from './target.ts';

export const LIST_CODECS: { readonly [K in FindingResource]: Decoder<unknown, FindingLists[K]> } = {
  KernelWhisper: KernelWhisperList,
  PodBirthCertificate: PodBirthCertificateList,
};

export const OBJECT_CODECS: { readonly [K in FindingResource]: Decoder<unknown, Findings[K]> } = {
  KernelWhisper,
  PodBirthCertificate,
};
