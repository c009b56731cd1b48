import { messageOf } from 'kernel-gossip-types';
import type { Asked } from './target.ts';

/** What was asked for, or why it is not known. Never rejects. */
export async function asked<A>(ask: () => Promise<A>): Promise<Asked<A>> {
  try {
    return { value: await ask(), why: null };
  } catch (error) {
    return { value: null, why: messageOf(error) };
  }
}
