import { REMEDY_REQUEST_ANNOTATION, type KernelWhisper } from 'kernel-gossip-types';

export type RequestKind = 'approve' | 'undo';

/** What a person asks for on the whisper, as long as it was not answered; null where nothing is. */
export function requestOn({ metadata, status }: KernelWhisper): string | null {
  const asked = metadata.annotations?.[REMEDY_REQUEST_ANNOTATION] ?? null;
  return asked === null || asked === status?.remedy?.answered_request ? null : asked;
}

/**
 * Whether a person asks for this, of this very proposal: one that has changed since it was read needs another look. An
 * approval that is being carried out still stands.
 */
export function isRequested(whisper: KernelWhisper, kind: RequestKind, proposalId: string | null): boolean {
  const wanted = `${kind}/${proposalId ?? ''}`;
  if (requestOn(whisper) === wanted) return true;
  const remedy = whisper.status?.remedy ?? null;
  return kind === 'approve' && remedy?.phase === 'Waiting' && remedy.answered_request === wanted;
}
