import { Router } from 'express';
import type { PodTraffic } from 'kernel-gossip-types';
import { reading, type ReadGuardOptions } from './read-guard.ts';

/** What was told of a pod's traffic; null where nothing was. */
export type ReadTraffic = (pod: { readonly namespace: string; readonly name: string }) => PodTraffic | null;

/**
 * `GET /namespaces/{namespace}/pods/{pod}/traffic`, below the path of the read API. Traffic is no resource: who may list
 * the whispers of a namespace may read it.
 */
export function trafficRouter(read: ReadTraffic, guard: ReadGuardOptions): Router {
  const router = Router();
  const path = '/namespaces/:namespace/pods/:pod/traffic';
  router.get(path, reading(guard, ['KernelWhisper']));
  router.get(path, ({ params: { namespace, pod } }, response) => {
    const traffic = read({ namespace, name: pod });
    if (traffic !== null) response.json(traffic);
    else response.status(404).json({ error: nothingTold(`${namespace}/${pod}`) });
  });
  return router;
}

const nothingTold = (pod: string): string =>
  `nobody told this operator of requests or flows of ${pod} in the last 30 minutes. Connect Pixie, or send OpenTelemetry: docs/traffic.md says how`;
