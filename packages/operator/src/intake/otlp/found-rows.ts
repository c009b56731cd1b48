import type { Row } from 'kernel-gossip-pxl-scripts';

/** A row of one of our tables, made of what a request brought. */
export interface FoundRow {
  readonly table: string;
  readonly row: Row;
  /** Who saw it, as the observation shall say. */
  readonly source: string;
  /** UID of the pod, where the sender says it: a name may be another pod's by now. */
  readonly podUid: string | null;
  /** How many data points or spans it was made of. */
  readonly items: number;
}

/** Something that cannot be read as what it says it is. */
export interface Unreadable {
  /** How many data points or spans it is about. */
  readonly items: number;
  readonly why: string;
}

/** What a request brought. What is in none of these was understood, and tells nothing by itself. */
export interface Found {
  /** Data points or spans in all. */
  readonly items: number;
  readonly rows: readonly FoundRow[];
  readonly unreadable: readonly Unreadable[];
  /** Data points or spans that are about something else. */
  readonly ignored: number;
}
