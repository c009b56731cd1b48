import { readFileSync } from 'node:fs';
import { run, runOrThrow } from '../../command.ts';
import { findProgramOrThrow } from './programs.ts';

/**
 * The node's own little network: a bridge with the pods' gateway on it. No packet is forwarded or translated, so
 * neither net.ipv4.ip_forward nor any iptables rule has to be touched: pods reach each other and this machine.
 */
export interface NetworkPlan {
  readonly bridge: string;
  readonly podCidr: string;
  /** On the bridge: the pods' gateway, and the node's address. */
  readonly nodeAddress: string;
  readonly serviceCidr: string;
  /** On the bridge too: the first service address, where pods look for the API server. */
  readonly apiServiceAddress: string;
}

const SUBNETS = 256;

export function planNetwork(id: string, routes = readFileSync('/proc/net/route', 'utf8')): NetworkPlan {
  const preferred = parseInt(id, 16) % SUBNETS;
  const candidates = Array.from({ length: SUBNETS }, (_, index) => (preferred + index) % SUBNETS);
  const taken = destinationsIn(routes);
  const subnet = candidates.find((n) => !taken.has(`198.18.${n}.0`));
  if (subnet === undefined) throw new Error('every 198.18.N.0/24 has a route already');
  return networkOf(id, subnet);
}

/** 198.18.0.0/15 is set aside for tests between devices (RFC 2544), so that no real network is shadowed. */
function networkOf(id: string, subnet: number): NetworkPlan {
  return {
    bridge: `kg-e2e-${id}`,
    podCidr: `198.18.${subnet}.0/24`,
    nodeAddress: `198.18.${subnet}.1`,
    serviceCidr: `198.19.${subnet}.0/24`,
    apiServiceAddress: `198.19.${subnet}.1`,
  };
}

/** /proc/net/route has the destination as a little-endian hexadecimal number in its second column. */
export function destinationsIn(routes: string): ReadonlySet<string> {
  const lines = routes.trim().split('\n').slice(1);
  return new Set(lines.map((line) => dotted(line.split('\t')[1] ?? '')));
}

function dotted(littleEndianHex: string): string {
  return [...Buffer.from(littleEndianHex, 'hex')].reverse().join('.');
}

/**
 * With a hardware address of its own: a bridge without one takes that of a port, and when the pod of this port goes, the others
 * have lost their gateway for a while.
 */
export async function makeBridge(plan: NetworkPlan): Promise<void> {
  const ip = findProgramOrThrow('ip');
  const address = hardwareAddressFor(plan.nodeAddress);
  await runOrThrow(ip, ['link', 'add', plan.bridge, 'address', address, 'type', 'bridge']);
  await runOrThrow(ip, ['address', 'add', `${plan.nodeAddress}/24`, 'dev', plan.bridge]);
  await runOrThrow(ip, ['address', 'add', `${plan.apiServiceAddress}/32`, 'dev', plan.bridge]);
  await runOrThrow(ip, ['link', 'set', plan.bridge, 'up']);
}

/** Locally administered (IEEE 802, the second bit of the first byte), with the four bytes of the node's address. */
function hardwareAddressFor(address: string): string {
  const bytes = [0x02, 0x00, ...address.split('.').map(Number)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** The pods' ends went with their network namespaces; deleting the bridge takes its addresses and routes along. */
export async function removeBridge(bridge: string): Promise<void> {
  await run(findProgramOrThrow('ip'), ['link', 'delete', bridge]);
}
