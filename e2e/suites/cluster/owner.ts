/** The process that `kill -9` is for: has a cluster of its own with a running pod, says so, and waits. */
import { apply, kubectlFor } from '../../src/kubectl.ts';
import { startCluster } from '../../src/cluster/provider.ts';

const cluster = await startCluster();
const kubectl = kubectlFor(cluster);
await apply(kubectl, [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'left-behind', namespace: 'default' },
    spec: {
      containers: [
        {
          name: 'c',
          image: cluster.workloadImage,
          imagePullPolicy: cluster.imagePullPolicy,
          command: ['sleep', '1000'],
        },
      ],
    },
  },
]);
const ready = await kubectl(['wait', '--for=condition=Ready', 'pod/left-behind', '--timeout=60s']);
if (ready.code !== 0) throw new Error(ready.stderr);
process.stdout.write(`${JSON.stringify({ kubeconfigPath: cluster.kubeconfigPath })}\n`);
setInterval(() => undefined, 60_000);
