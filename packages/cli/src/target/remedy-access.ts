import type { ContainerResources, KernelWhisper } from 'kernel-gossip-types';
import type { OwnerPatch, PatchableKind } from '../remedy/owner-patch.ts';

export interface WhisperRef {
  readonly namespace: string;
  readonly name: string;
}

/** A workload of `apps/v1`. */
export interface OwnerRef extends WhisperRef {
  readonly kind: PatchableKind;
}

/** The resources of a template's containers, by the containers' names. */
export type TemplateResources = ReadonlyMap<string, ContainerResources>;

/** What a person may do about remedies. All of it is done with the person's own rights; methods throw as `Target`'s do. */
export interface RemedyAccess {
  /** The whisper as it is now; null where it is gone. */
  whisper(ref: WhisperRef): Promise<KernelWhisper | null>;
  /** Leaves a request for the operator on a whisper (`REMEDY_REQUEST_ANNOTATION`). */
  request(ref: WhisperRef, request: string): Promise<void>;
  /** What the owner's template has now. */
  template(owner: OwnerRef): Promise<TemplateResources>;
  /** Changes the owner's template by a strategic merge patch; resolves with what it has then. */
  patchTemplate(owner: OwnerRef, patch: OwnerPatch): Promise<TemplateResources>;
}
