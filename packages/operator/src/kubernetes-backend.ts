import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { messageOf } from 'kernel-gossip-types';
import { accessReviewer, readReviewer } from './authn/access-review.ts';
import { tokenReviewer } from './authn/token-review.ts';
import type { Backend } from './backend.ts';
import { podEventReader } from './cluster/events.ts';
import { openKubeApi, type KubeApi } from './cluster/kube-api.ts';
import { loadKubeConfig } from './cluster/kube-config.ts';
import { lead } from './cluster/lease.ts';
import { readPodFacts } from './cluster/pod-facts.ts';
import { podMetricsReader } from './cluster/pod-metrics.ts';
import { KubePodDirectory } from './cluster/pods.ts';
import type { ReflectorObserver } from './cluster/reflector.ts';
import { podResizer } from './cluster/resize-pod.ts';
import { surroundingsReader } from './cluster/surroundings.ts';
import { eventTeller } from './cluster/tell-event.ts';
import type { OperatorConfig } from './config.ts';
import { openKubernetesStore } from './store/kubernetes/kubernetes-store.ts';

/** The name of the lease, which the Role in k8s/operator names too. */
const LEASE = 'kernel-gossip-operator';

/** A cluster: findings are its custom resources, its pods give names, and a Lease says which replica leads. */
export function kubernetesBackend(config: OperatorConfig, log: Logger): Backend {
  const loaded = loadKubeConfig({
    ...(config.kubeconfig === '' ? {} : { kubeconfig: config.kubeconfig }),
    ...(config.context === '' ? {} : { context: config.context }),
  });
  log.info({ server: loaded.server, context: loaded.context, origin: loaded.origin }, 'cluster');
  const api = openKubeApi(loaded);
  const stopping = new AbortController();
  const pods = new KubePodDirectory({ api, observer: reflectorLog('pods', log) });
  const followingPods = pods.run(stopping.signal);
  const store = openKubernetesStore({
    api,
    observer: {
      undecodable: ({ kind, ref, faults }) => {
        log.warn({ kind, ...ref, faults }, 'an object is not what its kind should be; left out');
      },
      followerFailed: (kind, error) => {
        log.error({ kind, err: error }, 'a follower failed in a way it must not');
      },
    },
    reflectorObserver: (kind) => reflectorLog(kind, log),
  });
  return {
    store,
    directory: pods,
    births: { pods, readEvents: podEventReader(api) },
    readMetrics: podMetricsReader(api),
    remedies: {
      directory: pods,
      readPod: (pod, signal) => readPodFacts(api, pod, signal),
      readSurroundings: surroundingsReader(api),
      resizePod: podResizer(api),
      tellEvent: eventTeller({
        api,
        instance: hostname(),
        now: Date.now,
        failed: (error) => {
          log.warn({ why: messageOf(error) }, 'an event could not be written');
        },
      }),
    },
    reviews: {
      reviewToken: tokenReviewer(api),
      maySend: accessReviewer(api),
      mayRead: readReviewer(api),
    },
    checks: [{ name: 'pods-read', check: () => (pods.isSynced ? null : 'not read yet: pods') }],
    lead: (work, signal) => leadByLease(api, config, log, { work, signal }),
    close: async () => {
      stopping.abort();
      await followingPods;
      await store.close();
    },
  };
}

interface Leadership {
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const leadByLease = (
  api: KubeApi,
  { leaseNamespace }: OperatorConfig,
  log: Logger,
  { work, signal }: Leadership,
): Promise<void> =>
  lead(
    {
      api,
      namespace: leaseNamespace,
      name: LEASE,
      observer: {
        leaderSeen: (identity) => {
          log.info({ leader: identity }, 'leader');
        },
        onLost: (why) => {
          log.warn({ why }, 'no longer the leader; the controllers stop and the intake goes on');
        },
        failed: (error) => {
          log.warn({ why: messageOf(error) }, 'an attempt at the lease failed, will try again');
        },
      },
    },
    work,
    signal,
  );

const reflectorLog = (what: string, log: Logger): ReflectorObserver => ({
  failed: (error, retryInMs) => {
    log.warn({ what, why: messageOf(error), retryInMs }, 'a list or watch failed, will try again');
  },
  watched: (result) => {
    if (result === 'gone') log.info({ what }, 'the API server forgot where the watch stood; listing again');
  },
  undecodable: (object, faults) => {
    log.warn({ what, ...object, faults }, 'an object cannot be read; left out');
  },
  handlerFailed: (error) => {
    log.error({ what, err: error }, 'a handler failed in a way it must not');
  },
});
