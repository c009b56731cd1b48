import { visible } from 'kernel-gossip-types';

/** Text of several lines as it may be printed: their ends stay, and nothing in them acts on the terminal. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');
