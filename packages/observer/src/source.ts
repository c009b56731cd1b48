import type { ResourceMeasurementMessage } from './ask/observation.ts';
import type { PodCreationMessage } from './births/observation.ts';
import type { CpuThrottleMessage } from './cpu/observation.ts';
import type { MemoryPressureMessage } from './memory/observation.ts';
import type { NetworkIssueMessage } from './network/observation.ts';

/** Whatever this observer may send. */
export type Message =
  | CpuThrottleMessage
  | PodCreationMessage
  | MemoryPressureMessage
  | NetworkIssueMessage
  | ResourceMeasurementMessage;

/** An observation on its way, and whether a later one says the same more freshly: then it is the first to be let go. */
export interface Outgoing {
  readonly message: Message;
  readonly isSummary: boolean;
}

export type Emit = (outgoing: Outgoing) => void;

/** Something that watches the kernel and tells what it sees, until it is closed. */
export interface Source {
  readonly name: string;
  start(emit: Emit): void;
  close(): void | Promise<void>;
}
