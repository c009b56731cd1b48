import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { parseNetstat, parseSnmp, type Counters, type NetstatCounter, type SnmpCounter } from './counters.ts';
import { parseNetDev } from './interfaces.ts';
import { readWhole } from './read-whole.ts';
import type { NetworkReading } from './window.ts';

/**
 * A reading, or why there is none: the process lives in the machine's own namespace, as with `hostNetwork`, whose counters
 * are not the pod's; or its files cannot be read.
 */
export type NamespaceOutcome = NetworkReading | 'host' | 'unreadable';

/** Nothing that is read of `netstat` moves, and matters, without one of these: TCP receives, sends, sends again or gives up. */
const MOVING = [
  'TcpInSegs',
  'TcpOutSegs',
  'TcpRetransSegs',
  'TcpAttemptFails',
  'TcpEstabResets',
] as const satisfies readonly SnmpCounter[];

const stoodStill = (before: Counters, now: Counters<SnmpCounter>): boolean =>
  MOVING.every((name) => now[name] !== null && now[name] === before[name]);

/**
 * Tells a network namespace from others: every one has files of its own below `/proc/<pid>/net`, each with an inode of its own
 * (`proc_alloc_inum` in fs/proc/generic.c). Unlike the inode of `/proc/<pid>/ns/net`, anyone may ask for it (that one needs
 * PTRACE_MODE_READ, namespaces(7)), and it is that of the file which was read.
 */
function hostNamespace(procRoot: string): number | null {
  try {
    return statSync(`${procRoot}/1/net/snmp`).ino;
  } catch {
    return null;
  }
}

/** Reads the counters of processes' network namespaces. */
export class NamespaceReader {
  readonly #procRoot: string;
  readonly #clock: Clock;
  readonly #buffer: Buffer;
  readonly #host: number | null;

  constructor(procRoot: string, clock: Clock, buffer: Buffer) {
    this.#procRoot = procRoot;
    this.#clock = clock;
    this.#buffer = buffer;
    this.#host = hostNamespace(procRoot);
  }

  /** False where nobody could tell a pod's namespace from the machine's: then nothing is read. */
  get knowsHost(): boolean {
    return this.#host !== null;
  }

  /** Takes a reading of the namespace in which a process lives. */
  read(pid: number, before: NetworkReading | null): NamespaceOutcome {
    if (this.#host === null) return 'unreadable';
    const atMs = this.#clock.monotonicMs();
    const snmp = readWhole(this.#file(pid, 'snmp'), this.#buffer, (inode) => inode !== this.#host);
    if (snmp === null) return 'unreadable';
    if (snmp.inode === this.#host) return 'host';
    const counted = parseSnmp(snmp.text);
    const more = this.#netstat(pid, counted, before?.namespace === snmp.inode ? before.counters : null);
    const devices = readWhole(this.#file(pid, 'dev'), this.#buffer);
    if (more === null || devices === null) return 'unreadable';
    return {
      namespace: snmp.inode,
      atMs,
      counters: { ...more, ...counted },
      interfaces: parseNetDev(devices.text),
    };
  }

  /**
   * `netstat` costs twice what the other two files cost together (130 columns, each summed over all CPUs), so it is read only
   * when something moved since the counters `before`.
   */
  #netstat(
    pid: number,
    counted: Counters<SnmpCounter>,
    before: Counters | null,
  ): Counters<NetstatCounter> | null {
    if (before !== null && stoodStill(before, counted)) return before;
    const file = readWhole(this.#file(pid, 'netstat'), this.#buffer);
    return file === null ? null : parseNetstat(file.text);
  }

  #file(pid: number, name: 'snmp' | 'netstat' | 'dev'): string {
    return `${this.#procRoot}/${pid}/net/${name}`;
  }
}
