/** Who the bearer of a token is, as the API server tells it (`UserInfo` of authentication.k8s.io/v1). */
export interface Identity {
  readonly username: string;
  /** Null where the cluster gives its users none. */
  readonly uid: string | null;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the API server says about the node of a bound token (KEP-4193: by default from 1.30, always from 1.32). */
const NODE_NAME = 'authentication.kubernetes.io/node-name';

/** The node of the pod, or the node itself, that a token is bound to; null where it is bound to neither. */
export const nodeOf = ({ extra }: Identity): string | null => extra[NODE_NAME]?.[0] ?? null;
