import { createConnection, createServer, type Socket } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Forwarder {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Hands every TCP connection on to another address, which may be a new one each time; where there is none, the connection
 * is cut. Closing it cuts those that are open.
 */
export function forward(from: Address, to: Address | (() => Address | null)): Promise<Forwarder> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    const target = typeof to === 'function' ? to() : to;
    if (target === null) {
      incoming.destroy();
      return;
    }
    const outgoing = createConnection(target);
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(from.port, from.host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
      resolve({
        port: address.port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of open) socket.destroy();
          }),
      });
    });
  });
}
