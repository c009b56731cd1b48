import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { isLeft } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode, dnsSubdomain, KernelGossipError, messageOf, percent, text } from 'kernel-gossip-types';

/** How loud the log is. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything the observer can be told. */
export interface ObserverConfig {
  /** Base URL of the operator. */
  readonly url: string;
  /** Bearer token for the operator, or null. */
  readonly token: string | null;
  /** File to read the bearer token from at each post, or null. */
  readonly tokenFile: string | null;
  /** File with the certificates to trust for https, or null. */
  readonly caFile: string | null;
  /** Where cgroups are mounted: the root of version 2, or the directory with version 1's controllers. */
  readonly cgroupRoot: string;
  /** Only groups below this path are observed; empty for all. */
  readonly subtree: string;
  /** Time between two samples, in milliseconds. */
  readonly intervalMs: number;
  /** Time between two walks over all groups, which find what inotify missed, in milliseconds. */
  readonly rescanMs: number;
  /** Name of this node, or null where observations shall not carry one. */
  readonly nodeName: string | null;
  /** Who observations say saw this. */
  readonly source: string;
  /** Share of throttled periods at which throttling counts as begun, in percent. */
  readonly enterPercent: number;
  /** Active periods that a window needs to be looked at. */
  readonly minPeriods: number;
  /** How long throttling must last to be told at once, in milliseconds. */
  readonly heldMs: number;
  /** How long it must be calm for throttling to count as over, in milliseconds. */
  readonly calmMs: number;
  /** Time between two summaries while throttling lasts, in milliseconds. */
  readonly summaryIntervalMs: number;
  /** The most observations that wait in memory while the operator is away. */
  readonly queueLimit: number;
  /** Folder where observations wait beyond memory and over a restart, or null for memory only. */
  readonly spoolDir: string | null;
  /** The most that they take there, in bytes. */
  readonly spoolLimitBytes: number;
  /** Port of `/metrics`, `/healthz` and `/readyz`, 0 for a free one; null for none. */
  readonly metricsPort: number | null;
  /** Address that this port listens on. */
  readonly metricsHost: string;
  /** Also gives the counters of every container there. */
  readonly containerMetrics: boolean;
  /** Most CPU that the observer may use, in percent of one core. */
  readonly cpuBudgetPercent: number;
  /** The program that traces births, `off` for none, or null for the one that this package brings along. */
  readonly kgtrace: string | null;
  /** Also observes groups of no pod, and names everything by its cgroup. For machines without Kubernetes. */
  readonly localNames: boolean;
  readonly logLevel: LogLevel;
}

/** A codec of a setting as it is written in a variable or after a flag. */
function setting<A>(expectation: string, parse: (text: string) => A | undefined): t.Decoder<unknown, A> {
  return new t.Type<A, unknown, unknown>(
    expectation,
    (input): input is A => input !== undefined,
    (input, context) => {
      const value = typeof input === 'string' ? parse(input) : undefined;
      return value === undefined ? t.failure(input, context) : t.success(value);
    },
    t.identity,
  );
}

const fitting = (codec: t.Type<string>, expectation = codec.name): t.Decoder<unknown, string> =>
  setting(expectation, (input) => (codec.is(input) ? input : undefined));

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A length of time such as `500ms`, `1s`, `2m`. */
const duration = (leastMs: number, mostMs: number): t.Decoder<unknown, number> =>
  setting(`a duration from ${leastMs}ms to ${mostMs / 1000}s, such as 500ms, 1s or 2m`, (input) => {
    const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m)$/.exec(input) ?? [];
    const ms = Number(amount) * (MS_PER_UNIT[unit ?? ''] ?? NaN);
    return ms >= leastMs && ms <= mostMs ? ms : undefined;
  });

/** As in a quantity of Kubernetes. */
const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};
const MIB = 2 ** 20;

/** A size such as `64Mi`, `1G`, `67108864`. */
const size = (leastMib: number, mostMib: number): t.Decoder<unknown, number> =>
  setting(`a size from ${leastMib}Mi to ${mostMib}Mi, such as 64Mi or 1Gi`, (input) => {
    const [, amount, unit] = /^(\d{1,15})([kMG]|[KMG]i)?$/.exec(input) ?? [];
    const bytes = Number(amount) * (BYTES_PER_UNIT[unit ?? ''] ?? NaN);
    return bytes >= leastMib * MIB && bytes <= mostMib * MIB ? bytes : undefined;
  });

const wholeNumber = (least: number, most: number): t.Decoder<unknown, number> =>
  setting(`a whole number from ${least} to ${most}`, (input) => {
    const value = /^\d{1,9}$/.test(input) ? Number(input) : NaN;
    return value >= least && value <= most ? value : undefined;
  });

const share = setting('a percentage above 0, up to 100', (input) => {
  const value = /^\d{1,3}(\.\d+)?$/.test(input) ? Number(input) : NaN;
  return percent.is(value) && value > 0 ? value : undefined;
});

const httpUrl = setting('a URL such as http://127.0.0.1:8080', (input) => {
  const url = URL.parse(input);
  return url !== null && /^https?:$/.test(url.protocol) ? input : undefined;
});

const absolutePath = setting('an absolute path', (input) => (input.startsWith('/') ? input : undefined));

const programOrOff = setting('an absolute path, or off', (input) =>
  input === 'off' || input.startsWith('/') ? input : undefined,
);

/** A group's path, with one slash in front and none behind; a single slash is all of the hierarchy. */
const groupPath = setting('a path below the cgroup root, such as /kubepods', (input) => {
  const parts = input.split('/').filter((part) => part !== '');
  return parts.includes('..') || input === '' ? undefined : parts.map((part) => `/${part}`).join('');
});

const yesOrNo = setting('true or false', (input) =>
  input === 'true' || input === 'false' ? input === 'true' : undefined,
);

const logLevel = setting(`one of ${LOG_LEVELS.join(', ')}`, (input) =>
  LOG_LEVELS.find((level) => level === input),
);

/** One setting: where it may come from and what it is when it does not. */
interface Setting<A> {
  readonly variable: string;
  /** Null where a flag would show a secret to everyone who can list processes. */
  readonly flag: string | null;
  readonly codec: t.Decoder<unknown, A>;
  readonly fallback: A;
  readonly help: string;
}
type Settings = { readonly [K in keyof ObserverConfig]: Setting<ObserverConfig[K]> };

const line = fitting(text(4096), 'a text of at most 4096 characters');

/** All settings. A flag goes before a variable, a variable before what is said here. */
export const SETTINGS: Settings = {
  url: {
    variable: 'KGOSSIP_URL',
    flag: 'url',
    codec: httpUrl,
    fallback: 'http://127.0.0.1:8080',
    help: 'base URL of the operator',
  },
  token: {
    variable: 'KGOSSIP_TOKEN',
    flag: null,
    codec: line,
    fallback: null,
    help: 'bearer token for the operator',
  },
  tokenFile: {
    variable: 'KGOSSIP_TOKEN_FILE',
    flag: 'token-file',
    codec: absolutePath,
    fallback: null,
    help: 'file with the bearer token, read again at each post',
  },
  caFile: {
    variable: 'KGOSSIP_CA_FILE',
    flag: 'ca-file',
    codec: absolutePath,
    fallback: null,
    help: 'certificates to trust for https',
  },
  cgroupRoot: {
    variable: 'KGOSSIP_CGROUP_ROOT',
    flag: 'cgroup-root',
    codec: absolutePath,
    fallback: '/sys/fs/cgroup',
    help: 'where cgroups are mounted',
  },
  subtree: {
    variable: 'KGOSSIP_SUBTREE',
    flag: 'subtree',
    codec: groupPath,
    fallback: '',
    help: 'observe only groups below this path',
  },
  intervalMs: {
    variable: 'KGOSSIP_INTERVAL',
    flag: 'interval',
    codec: duration(100, 60_000),
    fallback: 1000,
    help: 'time between two samples',
  },
  rescanMs: {
    variable: 'KGOSSIP_RESCAN',
    flag: 'rescan',
    codec: duration(100, 300_000),
    fallback: 30_000,
    help: 'time between two walks that repair what inotify lost',
  },
  nodeName: {
    variable: 'NODE_NAME',
    flag: 'node-name',
    codec: fitting(dnsSubdomain),
    fallback: null,
    help: 'name of this node',
  },
  source: {
    variable: 'KGOSSIP_SOURCE',
    flag: 'source',
    codec: fitting(text(63)),
    fallback: 'kernel-gossip-observer',
    help: 'who observations say saw this',
  },
  enterPercent: {
    variable: 'KGOSSIP_ENTER_PERCENT',
    flag: 'enter-percent',
    codec: share,
    fallback: 25,
    help: 'share of throttled periods at which throttling begins',
  },
  minPeriods: {
    variable: 'KGOSSIP_MIN_PERIODS',
    flag: 'min-periods',
    codec: wholeNumber(1, 10_000),
    fallback: 10,
    help: 'active periods that a window needs',
  },
  heldMs: {
    variable: 'KGOSSIP_HELD',
    flag: 'held',
    codec: duration(0, 60_000),
    fallback: 3000,
    help: 'how long throttling must last to be told at once',
  },
  calmMs: {
    variable: 'KGOSSIP_CALM',
    flag: 'calm',
    codec: duration(0, 600_000),
    fallback: 5000,
    help: 'how long it must be calm for throttling to be over',
  },
  summaryIntervalMs: {
    variable: 'KGOSSIP_SUMMARY_INTERVAL',
    flag: 'summary-interval',
    codec: duration(1000, 3_600_000),
    fallback: 10_000,
    help: 'time between summaries while throttling lasts',
  },
  queueLimit: {
    variable: 'KGOSSIP_QUEUE_LIMIT',
    flag: 'queue-limit',
    codec: wholeNumber(1, 1_000_000),
    fallback: 10_000,
    help: 'most observations that wait for the operator in memory',
  },
  spoolDir: {
    variable: 'KGOSSIP_SPOOL_DIR',
    flag: 'spool-dir',
    codec: absolutePath,
    fallback: null,
    help: 'folder where they wait beyond memory and over a restart',
  },
  spoolLimitBytes: {
    variable: 'KGOSSIP_SPOOL_LIMIT',
    flag: 'spool-limit',
    codec: size(1, 1_048_576),
    fallback: 64 * MIB,
    help: 'most that they take in that folder',
  },
  metricsPort: {
    variable: 'KGOSSIP_METRICS_PORT',
    flag: 'metrics-port',
    codec: wholeNumber(0, 65_535),
    fallback: null,
    help: 'port of /metrics, /healthz and /readyz; 0 takes a free one',
  },
  metricsHost: {
    variable: 'KGOSSIP_METRICS_HOST',
    flag: 'metrics-host',
    codec: fitting(text(253)),
    fallback: '127.0.0.1',
    help: 'address to listen on for them',
  },
  containerMetrics: {
    variable: 'KGOSSIP_CONTAINER_METRICS',
    flag: 'container-metrics',
    codec: yesOrNo,
    fallback: false,
    help: 'true: /metrics has the counters of every container, too',
  },
  cpuBudgetPercent: {
    variable: 'KGOSSIP_CPU_BUDGET',
    flag: 'cpu-budget',
    codec: share,
    fallback: 5,
    help: 'most CPU that the observer may use, in percent of one core',
  },
  kgtrace: {
    variable: 'KGOSSIP_KGTRACE',
    flag: 'kgtrace',
    codec: programOrOff,
    fallback: null,
    help: 'program that traces births; off for none',
  },
  localNames: {
    variable: 'KGOSSIP_LOCAL_NAMES',
    flag: 'local-names',
    codec: yesOrNo,
    fallback: false,
    help: 'true: also observe groups of no pod, and name everything by its cgroup',
  },
  logLevel: {
    variable: 'KGOSSIP_LOG_LEVEL',
    flag: 'log-level',
    codec: logLevel,
    fallback: 'info',
    help: LOG_LEVELS.join(', '),
  },
};

type Given = Readonly<Record<string, string | undefined>>;

/** The flags of a command line, by name, without dashes. Throws `KG_CONFIG_INVALID` where it has anything else. */
export function readFlags(argv: readonly string[]): Given {
  const flags = Object.values(SETTINGS).flatMap(({ flag }) => flag ?? []);
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    throw new KernelGossipError('KG_CONFIG_INVALID', messageOf(error), { cause: error });
  }
}

/** One line for each setting, for `--help`. */
export const configHelp = (): string =>
  Object.values(SETTINGS)
    .map(
      ({ flag, variable, help }) =>
        `  ${(flag === null ? '' : `--${flag}`).padEnd(20)} ${variable.padEnd(26)} ${help}`,
    )
    .join('\n');

/** Decodes one setting. An empty variable is one that is not set; an empty flag is a mistake. */
function settle<A>({ variable, flag, codec, fallback }: Setting<A>, flags: Given, environment: Given): A {
  const fromFlag = flag === null ? undefined : flags[flag];
  const input = fromFlag ?? (environment[variable] === '' ? undefined : environment[variable]);
  if (input === undefined) return fallback;
  const result = decode(codec, input);
  if (!isLeft(result)) return result.right;
  const name = fromFlag === undefined ? variable : `--${flag}`;
  const { expected, got } = result.left[0] ?? { expected: 'something else', got: 'this' };
  // A secret is never said, not even a wrong one.
  const shown = flag === null ? 'something else' : got;
  throw new KernelGossipError('KG_CONFIG_INVALID', `${name}: expected ${expected}, got ${shown}`);
}

/**
 * The configuration that these flags (by name, without dashes) and environment variables make.
 * Throws `KG_CONFIG_INVALID` with one line that names the variable or flag that is wrong.
 */
export function readConfig(flags: Given, environment: Given): ObserverConfig {
  const get = <K extends keyof ObserverConfig>(key: K): ObserverConfig[K] =>
    settle<ObserverConfig[K]>(SETTINGS[key], flags, environment);
  const localNames = get('localNames');
  return {
    url: get('url'),
    token: get('token'),
    tokenFile: get('tokenFile'),
    caFile: get('caFile'),
    cgroupRoot: get('cgroupRoot'),
    subtree: get('subtree'),
    intervalMs: get('intervalMs'),
    rescanMs: get('rescanMs'),
    nodeName: get('nodeName') ?? (localNames ? ownName() : null),
    source: get('source'),
    enterPercent: get('enterPercent'),
    minPeriods: get('minPeriods'),
    heldMs: get('heldMs'),
    calmMs: get('calmMs'),
    summaryIntervalMs: get('summaryIntervalMs'),
    queueLimit: get('queueLimit'),
    spoolDir: get('spoolDir'),
    spoolLimitBytes: get('spoolLimitBytes'),
    metricsPort: get('metricsPort'),
    metricsHost: get('metricsHost'),
    containerMetrics: get('containerMetrics'),
    cpuBudgetPercent: get('cpuBudgetPercent'),
    kgtrace: get('kgtrace'),
    localNames,
    logLevel: get('logLevel'),
  };
}

/** This machine's name. Not taken in a cluster, where a container's host name is its pod's and not its node's. */
function ownName(): string | null {
  const name = hostname().toLowerCase();
  return dnsSubdomain.is(name) ? name : null;
}

/** The configuration without its secrets, to be shown. */
export function redacted(config: ObserverConfig): Readonly<Record<string, unknown>> {
  const url = new URL(config.url);
  for (const part of ['username', 'password'] as const) if (url[part] !== '') url[part] = 'redacted';
  return { ...config, url: url.href, token: config.token === null ? null : 'redacted' };
}
