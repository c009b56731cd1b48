import type { Clock } from '../clock.ts';
import type { Identity } from '../identify/identify.ts';
import { beginWatching, detectNetwork, endOfNetwork, type NetworkReport } from './detector.ts';
import type { NamespaceReader } from './namespace.ts';
import type { FoundProcess, NoProcess, ProcessFinder } from './process-finder.ts';
import type { NetworkDetectorSettings } from './settings.ts';
import { windowBetween, type NetworkReading } from './window.ts';

/** A pod's own group, or, where there is no Kubernetes, a container's. */
export interface PodGroup {
  /** Path below the hierarchy. */
  readonly path: string;
  readonly identity: Identity;
}

/** What all pods are sampled with. */
export interface NetworkSampling {
  readonly processes: ProcessFinder;
  readonly namespaces: NamespaceReader;
  readonly clock: Clock;
  readonly detector: NetworkDetectorSettings;
}

/**
 * What came of the last look at a pod. `host`: it has the machine's network, whose counters are not its own. `none`: it has no
 * process. `invisible`: its processes live in a PID namespace that cannot be seen from here. `unreadable`: its processes' files
 * cannot be read. `fleeting`: the process was gone before the reading was complete.
 */
export type PodOutcome = 'sampled' | 'host' | 'unreadable' | 'fleeting' | NoProcess;

/** One pod under observation. It holds nothing open. */
export class WatchedPod implements PodGroup {
  readonly path: string;
  readonly identity: Identity;
  readonly #sampling: NetworkSampling;
  #process: FoundProcess | null = null;
  #before: NetworkReading | null = null;
  #beforeWallMs = 0;
  #state = beginWatching();
  #outcome: PodOutcome | null = null;

  constructor(sampling: NetworkSampling, { path, identity }: PodGroup) {
    this.path = path;
    this.identity = identity;
    this.#sampling = sampling;
  }

  /** Null before the first look. */
  get outcome(): PodOutcome | null {
    return this.#outcome;
  }
  get isTroubled(): boolean {
    return this.#state.told !== null;
  }
  /** The last reading; null where there was none. */
  get reading(): NetworkReading | null {
    return this.#before;
  }

  /** Takes one sample; answers what is to be told. */
  sample(): NetworkReport | null {
    const read = this.#read();
    this.#outcome = typeof read === 'string' ? read : 'sampled';
    return typeof read === 'string' ? null : this.#take(read);
  }

  /** The last word about a pod that is gone, where one is due. */
  end(): NetworkReport | null {
    return endOfNetwork(this.#state, this.#beforeWallMs);
  }

  #take(reading: NetworkReading): NetworkReport | null {
    const { clock, detector } = this.#sampling;
    const before = this.#before;
    this.#before = reading;
    this.#beforeWallMs = clock.wallMs();
    if (before === null) return null;
    const sample = { window: windowBetween(before, reading), endMs: this.#beforeWallMs };
    const { state, report } = detectNetwork(this.#state, sample, detector);
    this.#state = state;
    return report;
  }

  /** Any process will do, and the one that did before is kept: it was the pod's then, and is looked for again afterwards. */
  #read(): NetworkReading | Exclude<PodOutcome, 'sampled'> {
    const { processes } = this.#sampling;
    const known = this.#process === null ? null : this.#readOf(this.#process);
    if (known !== null && known !== 'fleeting') return known;
    const found = processes.find(this.path);
    this.#process = typeof found === 'string' ? null : found;
    return typeof found === 'string' ? found : this.#readOf(found);
  }

  #readOf(process: FoundProcess): NetworkReading | 'host' | 'unreadable' | 'fleeting' {
    const { processes, namespaces } = this.#sampling;
    const outcome = namespaces.read(process.pid, this.#before);
    return processes.isStillThere(process) ? outcome : 'fleeting';
  }
}
