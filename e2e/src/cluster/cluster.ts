export type ClusterProvider = 'given' | 'k3s' | 'built';

/** Everything about a cluster that can be handed to another process as JSON. */
export interface ClusterDescription {
  readonly provider: ClusterProvider;
  readonly kubeconfigPath: string;
  readonly nodeName: string;
  /**
   * The cgroup below which the kubelet puts pods, as a path from the root of a cgroup hierarchy
   * (`cgroupDirectory` turns it into a directory); null when the node's kernel is not this machine's.
   */
  readonly cgroupRoot: string | null;
  /** Where a kubectl of the cluster's version is; null takes the one on PATH. */
  readonly binDir: string | null;
  /** An image with `sh` and busybox' applets. */
  readonly workloadImage: string;
  readonly imagePullPolicy: 'Never' | 'IfNotPresent';
  /** Unix socket by which another process stops and starts the API server; null when that cannot be done. */
  readonly controlSocket: string | null;
}

export interface Cluster extends ClusterDescription {
  /** Makes the API server disappear for its clients; resolves when it no longer answers. */
  stopApiServer(): Promise<void>;
  /** Brings it back at the same address with the same data; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Drops every version of every object but the latest, so that whoever watches from an older one is told 410 Gone. */
  forgetHistory(): Promise<void>;
  /** Loads a docker-archive (`docker save`) into the node's runtime. */
  importImage(archivePath: string): Promise<void>;
  /** Removes everything that `up` made. */
  down(): Promise<void>;
}
