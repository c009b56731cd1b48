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
  list,
  messageOf,
  numberBetween,
  oneOf,
  text,
  type Codec,
} from 'kernel-gossip-types';
import { SCRIPTS } from 'kernel-gossip-pxl-scripts';
import { shownUrl } from './export/shown-url.ts';

/** One thing that can be set, by a variable of the environment or by a flag, which wins. */
interface Setting<A> {
  readonly env: string;
  /** Null for a key: everybody on a machine can read its processes' flags. */
  readonly flag: string | null;
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

const LONGEST_PATH = 4096;
const path = text(LONGEST_PATH);

const port = new Leaf(
  'a port 0..65535',
  { type: 'integer', minimum: 0, maximum: 65_535 },
  (input): input is number =>
    Number.isInteger(input) && (input as number) >= 0 && (input as number) <= 65_535,
);

const optionalPort = new Leaf(
  port.name,
  port.schema,
  (input): input is number | null => input === null || port.is(input),
);

/** What is not logged or printed as it is: JSON has only what `toJSON` says of it. */
export interface Secret {
  readonly reveal: () => string;
  readonly toJSON: () => string;
}

/** A user and a password belong among the headers, which are taken from a Secret. */
const httpUrl = new Leaf('an http or https URL without user and password', {}, (input): input is Secret => {
  const written = (input as Secret).reveal();
  if (written === '') return true;
  const url = written.length <= LONGEST_PATH ? URL.parse(written) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
});
/** A key may stand in it. */
const urlOf = (written: string): Secret => ({ reveal: () => written, toJSON: () => shownUrl(written) });

const secretOf = (written: string): Secret => ({
  reveal: () => written,
  toJSON: () => (written === '' ? 'not set' : 'set'),
});
const secret = new Leaf('a text of at most 4096 characters', {}, (input): input is Secret => {
  const length = (input as Secret).reveal().length;
  return length <= LONGEST_PATH;
});

const serviceAccount = new Leaf(
  'a service account as namespace/name',
  { type: 'string', maxLength: 317 },
  (input): input is string => {
    const [namespace, name, ...more] = typeof input === 'string' ? input.split('/') : [];
    return more.length === 0 && dnsLabel.is(namespace) && dnsSubdomain.is(name);
  },
);

const KNOWN_SCRIPTS = SCRIPTS.map(({ name }) => name);
const asNames = (written: string): unknown => written.split(',').map((name) => name.trim());
const scriptNames = list(oneOf(...KNOWN_SCRIPTS), { maxItems: KNOWN_SCRIPTS.length });

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
  readAuth: {
    env: 'READ_AUTH',
    flag: 'read-auth',
    help: 'who may read findings here: token, none (anyone), or auto: who is on this machine or comes by port-forward, others by token',
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
  pixieCloudAddr: {
    env: 'PIXIE_CLOUD_ADDR',
    flag: 'pixie-cloud-addr',
    help: "host or host:port of Pixie's cloud; empty means that Pixie is not asked",
    codec: text(261),
    parse: asText,
    fallback: '',
  },
  pixieApiKey: {
    env: 'PIXIE_API_KEY',
    flag: null,
    help: "API key for Pixie's cloud",
    codec: secret,
    parse: secretOf,
    fallback: secretOf(''),
  },
  pixieApiKeyFile: {
    env: 'PIXIE_API_KEY_FILE',
    flag: 'pixie-api-key-file',
    help: "file with the API key for Pixie's cloud",
    codec: path,
    parse: asText,
    fallback: '',
  },
  pixieClusterId: {
    env: 'PIXIE_CLUSTER_ID',
    flag: 'pixie-cluster-id',
    help: 'id of this cluster in Pixie, a UUID',
    codec: text(64),
    parse: asText,
    fallback: '',
  },
  pixieCaFile: {
    env: 'PIXIE_CA_FILE',
    flag: 'pixie-ca-file',
    help: "certificates to trust for Pixie's cloud; empty means those that Node trusts",
    codec: path,
    parse: asText,
    fallback: '',
  },
  pixieDirectAddr: {
    env: 'PIXIE_DIRECT_ADDR',
    flag: 'pixie-direct-addr',
    help: 'host or host:port of a standalone PEM, asked without cloud, key or TLS',
    codec: text(261),
    parse: asText,
    fallback: '',
  },
  pixieEncryption: {
    env: 'PIXIE_ENCRYPTION',
    flag: 'pixie-encryption',
    help: "whether rows are encrypted from the cluster to here, past Pixie's cloud",
    codec: boolean,
    parse: asBoolean,
    fallback: true,
  },
  pixieScripts: {
    env: 'PIXIE_SCRIPTS',
    flag: 'pixie-scripts',
    help: 'which scripts Pixie runs, by name with commas between; empty means all',
    codec: scriptNames,
    parse: asNames,
    fallback: [],
  },
  otlpGrpcPort: {
    env: 'OTLP_GRPC_PORT',
    flag: 'otlp-grpc-port',
    help: 'port for OTLP over gRPC, usually 4317; empty means none, 0 takes a free one',
    codec: optionalPort,
    parse: asNumber,
    fallback: null,
  },
  otlpHttpPort: {
    env: 'OTLP_HTTP_PORT',
    flag: 'otlp-http-port',
    help: 'port for OTLP over HTTP, usually 4318; empty means none, 0 takes a free one',
    codec: optionalPort,
    parse: asNumber,
    fallback: null,
  },
  exportEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    flag: 'export-endpoint',
    help: 'where findings are exported to by OTLP over HTTP, without /v1/logs; empty means that they are not',
    codec: httpUrl,
    parse: urlOf,
    fallback: urlOf(''),
  },
  exportLogsEndpoint: {
    env: 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
    flag: 'export-logs-endpoint',
    help: 'the same with its whole path, where it is not /v1/logs',
    codec: httpUrl,
    parse: urlOf,
    fallback: urlOf(''),
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
    const value = readSetting(setting, flags[setting.flag ?? ''], env[setting.env]);
    if (isLeft(value)) throw new KernelGossipError('KG_CONFIG_INVALID', value.left);
    return [key, value.right] as const;
  });
  return Object.fromEntries(values) as unknown as OperatorConfig;
}

function readFlags(argv: readonly string[]): Readonly<Record<string, string | undefined>> {
  try {
    const options = Object.fromEntries(
      entries.flatMap(([, { flag }]) => (flag === null ? [] : [[flag, { type: 'string' as const }]])),
    );
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
  const parsed = parse(written);
  const result = decode(codec, parsed);
  if (!isLeft(result)) return result;
  const name = fromFlag === undefined ? env : `--${flag}`;
  const [failure] = result.left;
  const got = isSecret(parsed) ? 'something else' : JSON.stringify(written);
  return left(failure === undefined ? name : describeFailure({ ...failure, path: name, got }));
}

const isSecret = (parsed: unknown): boolean =>
  typeof parsed === 'object' && parsed !== null && 'reveal' in parsed;

/** One line for each setting, for `--help`. */
export const configHelp = (): string =>
  entries
    .map(([, { flag, env, help, fallback }]) => {
      const shown = hasDefault(fallback) ? ` (default ${String(fallback)})` : '';
      const named = flag === null ? '' : `--${flag}`;
      return `  ${named.padEnd(26)} ${env.padEnd(24)} ${help}${shown}`;
    })
    .join('\n');

/** Whether there is something where nothing is set: a text, list or secret that is empty is nothing. */
const hasDefault = (fallback: unknown): boolean =>
  typeof fallback === 'boolean' ||
  typeof fallback === 'number' ||
  (typeof fallback === 'string' && fallback !== '');
