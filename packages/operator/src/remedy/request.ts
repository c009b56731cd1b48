import {
  REMEDY_REQUEST_ANNOTATION,
  remedyRequest,
  type ContainerResources,
  type KernelWhisper,
} from 'kernel-gossip-types';

/** What a person asks for on the whisper, as long as it was not answered; null where nothing is. */
export function requestOn({ metadata, status }: KernelWhisper): string | null {
  const asked = metadata.annotations?.[REMEDY_REQUEST_ANNOTATION] ?? null;
  return asked === null || asked === status?.remedy?.answered_request ? null : asked;
}

/** Whether a person asks to undo what was proposed under this name. */
export const isUndoRequested = (whisper: KernelWhisper, proposalId: string | null): boolean =>
  requestOn(whisper) === remedyRequest('undo', proposalId);

/**
 * What a person approved, as it stood on the whisper when they did; null where nobody did. Newer figures would ask for
 * something slightly else, which nobody has seen.
 */
export function approvedOn(whisper: KernelWhisper): ContainerResources | null {
  const remedy = whisper.status?.remedy ?? null;
  if (remedy === null) return null;
  const approval = remedyRequest('approve', remedy.proposal_id);
  const isAsked = remedy.phase === 'Proposed' && requestOn(whisper) === approval;
  const isUnderWay = remedy.phase === 'Waiting' && remedy.answered_request === approval;
  return isAsked || isUnderWay ? remedy.to : null;
}
