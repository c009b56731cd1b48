import { readFile } from 'node:fs/promises';
import { KernelGossipError } from 'kernel-gossip-types';
import type { TableName } from './observation-of.ts';

/** A script, by the name of its file. */
export type ScriptName =
  | 'cpu_throttle_detector'
  | 'pod_creation_trace'
  | 'memory_pressure_monitor'
  | 'network_issue_finder'
  | 'http_request_trace'
  | 'network_flow';

/** What there is to know of a script without reading it. */
export interface PixieScript {
  readonly name: ScriptName;
  /** How often it is to be run; its own window is as long. */
  readonly intervalSeconds: number;
  /** Whether it puts probes into the kernel: then Pixie must be told so with each run. */
  readonly mutation: boolean;
  /** How long its probes stay after a run; null where it has none. */
  readonly probeTtlSeconds: number | null;
  /** The names of its probes. */
  readonly tracepoints: readonly string[];
  /** What it displays. */
  readonly tables: readonly TableName[];
}

const withoutProbes = { mutation: false, probeTtlSeconds: null, tracepoints: [] } as const;

export const SCRIPTS: readonly PixieScript[] = [
  {
    name: 'cpu_throttle_detector',
    intervalSeconds: 30,
    mutation: true,
    probeTtlSeconds: 600,
    tracepoints: ['kg_cfs_bandwidth_v1'],
    tables: ['cpu_throttle'],
  },
  {
    name: 'pod_creation_trace',
    intervalSeconds: 30,
    mutation: true,
    probeTtlSeconds: 600,
    tracepoints: ['kg_births_v1'],
    tables: ['pod_creation'],
  },
  {
    name: 'memory_pressure_monitor',
    intervalSeconds: 30,
    mutation: true,
    probeTtlSeconds: 600,
    tracepoints: ['kg_memory_v1'],
    tables: ['memory_pressure'],
  },
  {
    name: 'network_issue_finder',
    intervalSeconds: 60,
    mutation: true,
    probeTtlSeconds: 600,
    tracepoints: ['kg_tcp_v1'],
    tables: ['network_issue'],
  },
  { name: 'http_request_trace', intervalSeconds: 60, ...withoutProbes, tables: ['http_requests'] },
  { name: 'network_flow', intervalSeconds: 60, ...withoutProbes, tables: ['network_flows'] },
];

/** The text of a script. The files stand in `src`, also beside a build. */
export const readScript = (name: ScriptName): Promise<string> =>
  readFile(new URL(`../src/${name}.pxl`, import.meta.url), 'utf8');

/** A span of time, in nanoseconds since 1970. */
export interface TimeWindow {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

const START = /^start_time = .*$/gm;
const END = /^end_time = .*$/gm;

/** The script with this window in place of its own. Pixie takes a whole number as nanoseconds since 1970. */
export function withWindow(text: string, { startNs, endNs }: TimeWindow): string {
  if (text.match(START)?.length !== 1 || text.match(END)?.length !== 1) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      'The script must have one line "start_time = …" and one line "end_time = …".',
    );
  }
  return text.replace(START, `start_time = ${startNs}`).replace(END, `end_time = ${endNs}`);
}
