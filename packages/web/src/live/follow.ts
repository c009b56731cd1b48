import { messageOf, type KernelWhisper, type PodBirthCertificate } from 'kernel-gossip-types';
import { backOffMs } from './back-off.ts';
import type { Attention } from './attention.ts';
import type { Bell } from './bell.ts';
import { changeOf, type ShownChange } from './changes.ts';
import { Refusal, type Listed, type Operator } from './operator.ts';
import type { ServerEvent } from './server-events.ts';

/** How the page stands with its operator. */
export type Connection =
  | { readonly state: 'connecting' | 'live' }
  /** Nobody looks; what happens meanwhile is told when somebody does. */
  | { readonly state: 'resting' }
  /** Not reached since then, and why; the page tries again by itself. */
  | { readonly state: 'reconnecting'; readonly since: number; readonly why: string }
  /** It wants to know who reads, or may not tell this reader. */
  | { readonly state: 'denied'; readonly status: 401 | 403; readonly why: string };

/** What follows from what is heard. */
export interface Hearer {
  readonly connection: (connection: Connection) => void;
  /** All there is; what was known before and is not in it is gone. */
  readonly everything: (whispers: Listed<KernelWhisper>, certificates: Listed<PodBirthCertificate>) => void;
  readonly change: (change: ShownChange) => void;
  /** It is another process than before, of this version. */
  readonly restarted: (version: string) => void;
}

export interface FollowOptions {
  readonly operator: Operator;
  readonly hearer: Hearer;
  readonly bell: Bell;
  readonly attention: Attention;
  /** The operator's clock, in milliseconds. */
  readonly now: () => number;
}

/** Rights may be given later; until then there is no hurry. */
const DENIED_MS = 30_000;
/** The bell rings when somebody looks. */
const RESTING_MS = 3_600_000;

/** How far the reader got. Ids of events are made of the operator's process and a number. */
interface Progress {
  lastId: string | null;
  process: string | null;
  attempt: number;
  lostAt: number | null;
  /** The operator cannot tell what was missed: everything must be read again. */
  gap: boolean;
}

/** Keeps the hearer told until the signal aborts, whatever happens to the operator meanwhile. Never throws. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { hearer, bell, attention, now } = options;
  const progress: Progress = { lastId: null, process: null, attempt: 0, lostAt: null, gap: true };
  hearer.connection({ state: 'connecting' });
  while (!signal.aborted) {
    const away = attention.away();
    const isAway = (): boolean => away.aborted;
    if (isAway()) {
      hearer.connection({ state: 'resting' });
      await bell.wait(RESTING_MS, signal);
      continue;
    }
    const end = await listen(options, progress, AbortSignal.any([signal, away]));
    if (isAway()) continue;
    if (end.status === 401 || end.status === 403) {
      hearer.connection({ state: 'denied', status: end.status, why: end.message });
      await bell.wait(DENIED_MS, signal);
      continue;
    }
    progress.lostAt ??= now();
    hearer.connection({ state: 'reconnecting', since: progress.lostAt, why: end.message });
    await bell.wait(end.retryAfterMs + backOffMs(progress.attempt, Math.random()), signal);
    progress.attempt += 1;
  }
}

/** One stream from its beginning to its end; resolves with why it ended. */
async function listen(options: FollowOptions, progress: Progress, signal: AbortSignal): Promise<Refusal> {
  try {
    for await (const event of await options.operator.changes(progress.lastId, signal)) {
      await hear(event, options, progress, signal);
      progress.lastId = event.id ?? progress.lastId;
    }
    return new Refusal(0, 'the operator ended the stream');
  } catch (error) {
    return error instanceof Refusal ? error : new Refusal(0, messageOf(error));
  }
}

async function hear(
  { event, id, data }: ServerEvent,
  { operator, hearer }: FollowOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  if (event === 'change') {
    const change = changeOf(data);
    if (change !== null) hearer.change(change);
  } else if (event === 'hello') {
    // Subscribed first, listed second: what happens in between waits in the stream and is not missed.
    if (progress.gap) await listAll(operator, hearer, signal);
    const process = id?.split('.')[0] ?? null;
    if (progress.process !== null && process !== progress.process) {
      hearer.restarted((await operator.about(signal)).version);
    }
    Object.assign(progress, { process, attempt: 0, lostAt: null, gap: false });
    hearer.connection({ state: 'live' });
  } else if (event === 'reset') progress.gap = true;
}

async function listAll(operator: Operator, hearer: Hearer, signal: AbortSignal): Promise<void> {
  const [whispers, certificates] = await Promise.all([
    operator.whispers(signal),
    operator.certificates(null, signal),
  ]);
  hearer.everything(whispers, certificates);
}
