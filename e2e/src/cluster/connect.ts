import type { Cluster, ClusterDescription } from './cluster.ts';
import { control, type ControlRequest } from './control.ts';

/** The working cluster behind a description, for processes that did not start it (a suite, say). */
export function connectCluster(description: ClusterDescription): Cluster {
  const ask = async (request: ControlRequest): Promise<void> => {
    if (description.controlSocket === null) {
      throw new Error(
        `a ${description.provider} cluster cannot ${request.action}: it is not ours to control`,
      );
    }
    await control(description.controlSocket, request);
  };
  return {
    ...description,
    stopApiServer: () => ask({ action: 'stopApiServer' }),
    startApiServer: () => ask({ action: 'startApiServer' }),
    forgetHistory: () => ask({ action: 'forgetHistory' }),
    importImage: (archivePath) => ask({ action: 'importImage', archivePath }),
    down: () => ask({ action: 'down' }),
  };
}
