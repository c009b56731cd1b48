/**
 * A Pixie server for tests, over real gRPC, written only from the numbers of Pixie's fields and from how its server is
 * known to behave.
 */
export * from './certificates.ts';
export type { ClusterStatus, FakeCluster } from './clusters.ts';
export type { EncryptionOptions } from './encryption.ts';
export type { CutWay } from './outlet.ts';
export * from './play.ts';
export type { ReceivedScript } from './request.ts';
export * from './server.ts';
