import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KernelGossipError, messageOf } from 'kernel-gossip-types';

/** Something that listens on a port. */
export interface Listening {
  readonly port: number;
  /** Takes nothing more, lets what is under way end, and lets go of the port. */
  close(): Promise<void>;
}

/** How long requests under way may take to end. */
const LONGEST_DRAIN_MS = 10_000;

/** Starts to listen. Throws `KG_CONFIG_INVALID` that names the setting. Resolves to the port. */
export async function listen(server: Server, host: string, port: number, setting: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new KernelGossipError(
      'KG_CONFIG_INVALID',
      `${setting}: cannot listen on ${host}:${port}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return (server.address() as AddressInfo).port;
}

/** Resolves when these have ended, or took too long. */
export async function drained(underWay: Promise<unknown>): Promise<void> {
  await Promise.race([underWay, sleep(LONGEST_DRAIN_MS, undefined, { ref: false })]);
}
