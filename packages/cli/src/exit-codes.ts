import { isKernelGossipError, type ErrorCode } from 'kernel-gossip-types';

/** What `kgossip` exits with. Scripts rely on these: a meaning never changes. */
export const EXIT = {
  ok: 0,
  findings: 1,
  usage: 2,
  unreachable: 3,
  forbidden: 4,
  notFound: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'findings at or above --fail-on, a "no" of doctor, or something that was tried and failed',
  2: 'called wrongly, or what was sent was refused as wrong',
  3: 'the operator or the cluster cannot be reached',
  4: 'refused: the right is missing',
  5: 'what was asked for is not there',
};

const EXIT_BY_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  KG_CONFIG_INVALID: EXIT.usage,
  KG_STORE_UNAVAILABLE: EXIT.unreachable,
  KG_STORE_CONFLICT: EXIT.findings,
  KG_STORE_NOT_FOUND: EXIT.notFound,
  KG_STORE_INVALID: EXIT.usage,
  KG_STORE_FORBIDDEN: EXIT.forbidden,
  KG_STORE_EXPIRED: EXIT.findings,
  KG_UNREACHABLE: EXIT.unreachable,
  KG_FORBIDDEN: EXIT.forbidden,
  KG_NOT_FOUND: EXIT.notFound,
  KG_REFUSED: EXIT.usage,
  KG_CGROUP_UNREADABLE: EXIT.findings,
  KG_PIXIE_SCRIPT: EXIT.findings,
  KG_PIXIE_PROTOCOL: EXIT.findings,
  KG_USAGE: EXIT.usage,
};

/** The exit code for whatever was thrown; 1 for an error that is not one of ours. */
export const exitCodeOf = (error: unknown): ExitCode =>
  isKernelGossipError(error) ? EXIT_BY_ERROR[error.code] : EXIT.findings;
