import { X509Certificate } from 'node:crypto';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { halvesOfUuid } from './uuid.ts';

/** Where Pixie is asked, and as whom. */
export interface PixieAddress {
  /** As gRPC dials it. */
  readonly target: string;
  /** UUID of the cluster in Pixie's cloud; `localhost` for a standalone PEM. */
  readonly clusterId: string;
  /** Null where none is asked for. It goes into the metadata of calls, and nowhere else. */
  readonly apiKey: string | null;
  /** Null without TLS. `ca` is in PEM; null for the authorities that Node trusts. */
  readonly tls: { readonly ca: string | null } | null;
}

export interface CloudSettings {
  /** `host` or `host:port`, as in PIXIE_CLOUD_ADDR. */
  readonly address: string;
  readonly clusterId: string;
  readonly apiKey: string;
  /** Certificate of a private authority in PEM. */
  readonly ca: string | null;
}

const CLOUD_PORT = 443;
/** What a standalone PEM listens on by default (pixie, src/experimental/standalone_pem). */
const DIRECT_PORT = 12_345;
/** What Pixie's own clients name the one cluster of a standalone PEM. */
const DIRECT_CLUSTER = 'localhost';

/** Pixie's cloud, by TLS. Left says which setting is wrong; it never holds the key. */
export function cloudAddress({
  address,
  clusterId,
  apiKey,
  ca,
}: CloudSettings): Either<string, PixieAddress> {
  const target = targetOf(address, CLOUD_PORT);
  if (target === null) return left(`PIXIE_CLOUD_ADDR: expected host or host:port, got '${address}'`);
  if (halvesOfUuid(clusterId) === null) {
    return left(`PIXIE_CLUSTER_ID: expected a UUID as 'px get viziers' prints it, got '${clusterId}'`);
  }
  const key = apiKey.trim();
  // grpc-js would say what is wrong with a header by quoting it.
  if (!/^[\x21-\x7e]+$/.test(key)) return left('PIXIE_API_KEY: expected visible ASCII characters');
  if (ca !== null && !isCertificate(ca)) return left('PIXIE_CA_FILE: expected a certificate in PEM');
  return right({ target, clusterId: clusterId.toLowerCase(), apiKey: key, tls: { ca } });
}

/** OpenSSL passes silently over what is none, and then trusts nobody. */
function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}

/** A standalone PEM, which knows neither TLS nor keys. */
export function directAddress(address: string): Either<string, PixieAddress> {
  const target = targetOf(address, DIRECT_PORT);
  return target === null
    ? left(`PIXIE_DIRECT_ADDR: expected host or host:port, got '${address}'`)
    : right({ target, clusterId: DIRECT_CLUSTER, apiKey: null, tls: null });
}

const HOST_AND_PORT = /^(?<host>[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(?<port>\d{1,5}))?$/i;

/** Null where it is not `host`, `host:port` or `[IPv6]:port`. The scheme keeps a host from being taken for one. */
function targetOf(address: string, defaultPort: number): string | null {
  const { host, port } = HOST_AND_PORT.exec(address.trim())?.groups ?? {};
  if (host === undefined) return null;
  const number = port === undefined ? defaultPort : Number(port);
  return number >= 1 && number <= 65_535 ? `dns:${host}:${number}` : null;
}
