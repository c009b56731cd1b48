import { parseArgs } from 'node:util';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import {
  boolean,
  decode,
  describeFailure,
  dnsLabel,
  dnsSubdomain,
  KernelGossipError,
  Leaf,
  messageOf,
  numberBetween,
  oneOf,
  text,
  type Codec,
} from 'kernel-gossip-types';

/** One thing that can be set, by a variable of the environment or by a flag, which wins. */
interface Setting<A> {
  readonly env: string;
  readonly flag: string;
  readonly help: string;
  readonly codec: Codec<A>;
  /** Turns what was written into what the codec takes. */
  readonly parse: (written: string) => unknown;
  readonly fallback: A;
}

const asNumber = (written: string): unknown => (written.trim() === '' ? written : Number(written));
const asBoolean = (written: string): unknown =>
  written === 'true' ? true : written === 'false' ? false : written;
const asText = (written: string): unknown => written;

const port = new Leaf(
  'a port 0..65535',
  { type: 'integer', minimum: 0, maximum: 65_535 },
  (input): input is number =>
    Number.isInteger(input) && (input as number) >= 0 && (input as number) <= 65_535,
);

const serviceAccount = new Leaf(
  'a service account as namespace/name',
  { type: 'string', maxLength: 317 },
  (input): input is string => {
    const [namespace, name, ...more] = typeof input === 'string' ? input.split('/') : [];
    return more.length === 0 && dnsLabel.is(namespace) && dnsSubdomain.is(name);
  },
);

const LONGEST_PATH = 4096;
const path = text(LONGEST_PATH);

const SETTINGS = {
  port: {
    env: 'WEBHOOK_PORT',
    flag: 'port',
    help: 'port to listen on; 0 takes a free one',
    codec: port,
    parse: asNumber,
    fallback: 8080,
  },
  host: {
    env: 'WEBHOOK_HOST',
    flag: 'host',
    help: 'address to listen on',
    codec: text(253),
    parse: asText,
    fallback: '0.0.0.0',
  },
  store: {
    env: 'STORE',
    flag: 'store',
    help: 'where findings are kept: kubernetes or sqlite',
    codec: oneOf('kubernetes', 'sqlite'),
    parse: asText,
    fallback: 'kubernetes',
  },
  dataDir: {
    env: 'DATA_DIR',
    flag: 'data',
    help: 'folder of the SQLite store',
    codec: path,
    parse: asText,
    fallback: './data',
  },
  kubeconfig: {
    env: 'KUBECONFIG',
    flag: 'kubeconfig',
    help: "kubeconfig file; empty means the pod's own service account, or else the default file",
    codec: path,
    parse: asText,
    fallback: '',
  },
  context: {
    env: 'KUBE_CONTEXT',
    flag: 'context',
    help: 'context of the kubeconfig; empty means its current one',
    codec: text(253),
    parse: asText,
    fallback: '',
  },
  leaseNamespace: {
    env: 'POD_NAMESPACE',
    flag: 'lease-namespace',
    help: 'namespace of the lease by which replicas choose a leader',
    codec: dnsLabel,
    parse: asText,
    fallback: 'kernel-gossip',
  },
  webhookAuth: {
    env: 'WEBHOOK_AUTH',
    flag: 'webhook-auth',
    help: 'whom the webhook lets in: token, none (anyone), or auto: token with store kubernetes, none with sqlite',
    codec: oneOf('auto', 'token', 'none'),
    parse: asText,
    fallback: 'auto',
  },
  observerServiceAccount: {
    env: 'OBSERVER_SERVICE_ACCOUNT',
    flag: 'observer-service-account',
    help: 'service account of the observers, each of which speaks for the pods of its own node',
    codec: serviceAccount,
    parse: asText,
    fallback: 'kernel-gossip-observer/kernel-gossip-observer',
  },
  flushSeconds: {
    env: 'FLUSH_SECONDS',
    flag: 'flush',
    help: 'how often counters and last-seen times are written',
    codec: numberBetween('a number of seconds 1..30', 1, 30),
    parse: asNumber,
    fallback: 20,
  },
  quietAfterSeconds: {
    env: 'QUIET_AFTER_SECONDS',
    flag: 'quiet-after',
    help: 'a whisper that nobody repeated for this long counts as over',
    codec: numberBetween('a number of seconds 1..604800', 1, 604_800),
    parse: asNumber,
    fallback: 600,
  },
  keepResolvedSeconds: {
    env: 'KEEP_RESOLVED_SECONDS',
    flag: 'keep-resolved',
    help: 'a resolved whisper is deleted after this long',
    codec: numberBetween('a number of seconds 1..31536000', 1, 31_536_000),
    parse: asNumber,
    fallback: 86_400,
  },
  maxWhispers: {
    env: 'MAX_WHISPERS',
    flag: 'max-whispers',
    help: 'how many whispers are kept; further ones are counted only',
    codec: numberBetween('a number 1..1000000', 1, 1_000_000),
    parse: asNumber,
    fallback: 20_000,
  },
  maxWhispersPerNamespace: {
    env: 'MAX_WHISPERS_PER_NAMESPACE',
    flag: 'max-whispers-per-namespace',
    help: 'how many whispers of a namespace are open at a time; further ones are counted only',
    codec: numberBetween('a number 1..1000000', 1, 1_000_000),
    parse: asNumber,
    fallback: 500,
  },
  maxCertificates: {
    env: 'MAX_CERTIFICATES',
    flag: 'max-certificates',
    help: 'how many birth certificates are kept; further ones are refused',
    codec: numberBetween('a number 1..1000000', 1, 1_000_000),
    parse: asNumber,
    fallback: 20_000,
  },
  birthsFromApi: {
    env: 'BIRTHS_FROM_API',
    flag: 'births-from-api',
    help: "whether births without kernel evidence are told by Kubernetes' times alone",
    codec: boolean,
    parse: asBoolean,
    fallback: true,
  },
  keepUnownedSeconds: {
    env: 'KEEP_UNOWNED_SECONDS',
    flag: 'keep-unowned',
    help: 'a birth certificate that no pod owns is deleted after this long',
    codec: numberBetween('a number of seconds 1..31536000', 1, 31_536_000),
    parse: asNumber,
    fallback: 604_800,
  },
  patienceSeconds: {
    env: 'STORE_PATIENCE_SECONDS',
    flag: 'store-patience',
    help: 'how long a request waits for a store that is away before it is refused',
    codec: numberBetween('a number of seconds 0..60', 0, 60),
    parse: asNumber,
    fallback: 10,
  },
  logLevel: {
    env: 'LOG_LEVEL',
    flag: 'log-level',
    help: 'trace, debug, info, warn, error or silent',
    codec: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'),
    parse: asText,
    fallback: 'info',
  },
} as const;

type Settings = typeof SETTINGS;
type ValueOf<S> = S extends { readonly codec: Codec<infer A> } ? A : never;
export type OperatorConfig = { readonly [K in keyof Settings]: ValueOf<Settings[K]> };

const entries = Object.entries(SETTINGS) as readonly (readonly [keyof Settings, Setting<unknown>])[];

/** What every setting is where nothing else is said. */
export const DEFAULT_CONFIG = Object.fromEntries(
  entries.map(([key, { fallback }]) => [key, fallback]),
) as unknown as OperatorConfig;

/** Reads the configuration. Throws `KG_CONFIG_INVALID` with one line that names the variable or flag. */
export function readConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OperatorConfig {
  const flags = readFlags(argv);
  const values = entries.map(([key, setting]) => {
    const value = readSetting(setting, flags[setting.flag], env[setting.env]);
    if (isLeft(value)) throw new KernelGossipError('KG_CONFIG_INVALID', value.left);
    return [key, value.right] as const;
  });
  return Object.fromEntries(values) as unknown as OperatorConfig;
}

function readFlags(argv: readonly string[]): Readonly<Record<string, string | undefined>> {
  try {
    const options = Object.fromEntries(entries.map(([, { flag }]) => [flag, { type: 'string' as const }]));
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    throw new KernelGossipError('KG_CONFIG_INVALID', messageOf(error), { cause: error });
  }
}

function readSetting(
  { env, flag, codec, parse, fallback }: Setting<unknown>,
  fromFlag: string | undefined,
  fromEnv: string | undefined,
): Either<string, unknown> {
  const written = fromFlag ?? (fromEnv === '' ? undefined : fromEnv);
  if (written === undefined) return right(fallback);
  const result = decode(codec, parse(written));
  if (!isLeft(result)) return result;
  const name = fromFlag === undefined ? env : `--${flag}`;
  const [failure] = result.left;
  return left(
    failure === undefined ? name : describeFailure({ ...failure, path: name, got: JSON.stringify(written) }),
  );
}

/** One line for each setting, for `--help`. */
export const configHelp = (): string =>
  entries
    .map(([, { flag, env, help, fallback }]) => {
      const shown = fallback === '' ? '' : ` (default ${String(fallback)})`;
      return `  --${flag.padEnd(24)} ${env.padEnd(24)} ${help}${shown}`;
    })
    .join('\n');
