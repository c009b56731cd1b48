import {
  readConfig as readObserverConfig,
  startObserver,
  type BirthsOutlook,
  type Observer,
} from 'kernel-gossip-observer';
import { DEFAULT_CONFIG, sqliteBackend, startOperator, type RunningOperator } from 'kernel-gossip-operator';
import { isKernelGossipError, messageOf } from 'kernel-gossip-types';
import { destination, pino, type Logger } from 'pino';

export interface OneMachineOptions {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Flags of the observer by their names; null: no observer. */
  readonly observer: Readonly<Record<string, string>> | null;
}

export interface OneMachine {
  readonly operator: RunningOperator;
  /** Null where none was asked for, or where this machine's cgroups cannot be read. */
  readonly observer: Observer | null;
  /** Why there is no observer although one was asked for. */
  readonly blind: string | null;
  /** Whether births are seen, or why not; null without an observer. */
  readonly births: BirthsOutlook | null;
  close(): Promise<void>;
}

function observe(url: string, flags: Readonly<Record<string, string>>, log: Logger): Observer {
  // Not from the environment: KGOSSIP_URL there names the target of the other commands.
  const config = readObserverConfig({ ...flags, url, 'local-names': 'true' }, {});
  return startObserver(config, { log });
}

/** The operator on SQLite and the observer of this machine, in this process: the same code that runs in a cluster. */
export async function startOneMachine(options: OneMachineOptions): Promise<OneMachine> {
  const { host, port, dataDir, logLevel } = options;
  const log = pino({ level: logLevel, base: null }, destination(2));
  const config = { ...DEFAULT_CONFIG, host, port, dataDir, logLevel, store: 'sqlite' as const };
  const operator = await startOperator(config, sqliteBackend(dataDir), log);
  const close = async (observer: Observer | null): Promise<void> => {
    await observer?.close();
    await operator.close();
  };
  const unobserved = { operator, observer: null, births: null, close: () => close(null) };
  if (options.observer === null) return { ...unobserved, blind: null };
  try {
    const observer = observe(operator.url, options.observer, log);
    return { operator, observer, blind: null, births: await observer.births, close: () => close(observer) };
  } catch (error) {
    if (isKernelGossipError(error, 'KG_CGROUP_UNREADABLE')) {
      return { ...unobserved, blind: messageOf(error) };
    }
    await operator.close();
    throw error;
  }
}
