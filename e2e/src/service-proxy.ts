import { networkInterfaces } from 'node:os';
import { findProgramOrThrow } from './cluster/built/programs.ts';
import type { ClusterDescription } from './cluster/cluster.ts';
import { forward, type Address, type Forwarder } from './cluster/forward.ts';
import { runOrThrow } from './command.ts';
import { succeed } from './install.ts';
import { kubectlFor } from './kubectl.ts';

/** A Service that pods reach at its own address. */
export interface ServedService {
  readonly address: string;
  stop(): Promise<void>;
}

interface Service {
  readonly spec: {
    readonly clusterIP: string;
    readonly ports: readonly { readonly name: string; readonly port: number }[];
  };
}

/** Without any pod, both lists are null. */
interface EndpointSliceList {
  readonly items: readonly {
    readonly ports: readonly { readonly name: string; readonly port: number }[] | null;
    readonly endpoints:
      | readonly {
          readonly addresses: readonly string[];
          readonly conditions?: { readonly ready?: boolean };
        }[]
      | null;
  }[];
}

type Endpoints = ReadonlyMap<string, readonly Address[]>;

const LOOK_EVERY_MS = 500;

/**
 * In place of kube-proxy, which a built cluster has not (`startNode`): listens at the Service's address, on the pods' bridge,
 * and hands each connection on to one of the pods that are ready, in turn. Only for a node that is this machine.
 */
export async function serveService(
  cluster: ClusterDescription,
  namespace: string,
  name: string,
): Promise<ServedService> {
  const kubectl = kubectlFor(cluster);
  const service = JSON.parse(
    await succeed(kubectl, ['get', 'service', name, '-n', namespace, '-o', 'json']),
  ) as Service;
  const { clusterIP, ports } = service.spec;
  const look = async (): Promise<Endpoints> =>
    readyEndpoints(
      JSON.parse(
        await succeed(kubectl, [
          ...['get', 'endpointslices', '-n', namespace, '-o', 'json'],
          ...['-l', `kubernetes.io/service-name=${name}`],
        ]),
      ) as EndpointSliceList,
    );
  let endpoints = await look();
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    // Where the API server is away, what was known goes on being used, as kube-proxy does.
    void look()
      .then((now) => (endpoints = now))
      .catch(() => undefined)
      .finally(() => (looking = false));
  }, LOOK_EVERY_MS);
  const bridge = interfaceOf(await nodeAddress(cluster));
  const onBridge = [`${clusterIP}/32`, 'dev', bridge];
  await runOrThrow(findProgramOrThrow('ip'), ['address', 'add', ...onBridge]);
  const forwarders: Forwarder[] = [];
  let turn = 0;
  for (const { name: port, port: number } of ports) {
    const next = (): Address | null => {
      const ready = endpoints.get(port) ?? [];
      turn += 1;
      return ready[turn % ready.length] ?? null;
    };
    forwarders.push(await forward({ host: clusterIP, port: number }, next));
  }
  return {
    address: clusterIP,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(forwarders.map((each) => each.close()));
      await runOrThrow(findProgramOrThrow('ip'), ['address', 'delete', ...onBridge]);
    },
  };
}

/** By the name of the port. */
function readyEndpoints({ items }: EndpointSliceList): Endpoints {
  const byPort = new Map<string, Address[]>();
  for (const { ports, endpoints } of items) {
    const hosts = endpoints?.filter(({ conditions }) => conditions?.ready !== false) ?? [];
    for (const { name, port } of ports ?? []) {
      const known = byPort.get(name) ?? [];
      byPort.set(name, known);
      known.push(...hosts.flatMap(({ addresses }) => addresses.map((host) => ({ host, port }))));
    }
  }
  return byPort;
}

async function nodeAddress(cluster: ClusterDescription): Promise<string> {
  const path = '{.status.addresses[?(@.type=="InternalIP")].address}';
  return succeed(kubectlFor(cluster), ['get', 'node', cluster.nodeName, '-o', `jsonpath=${path}`]);
}

function interfaceOf(address: string): string {
  const found = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some((each) => each.address === address),
  );
  if (found === undefined) throw new Error(`no interface of this machine has the node's address ${address}`);
  return found[0];
}
