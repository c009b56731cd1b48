import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server that can be cut. */
export interface Wire {
  readonly url: URL;
  /** Ends what goes on, and whatever is begun before `mend`. */
  cut(): void;
  mend(): void;
  /** All that was sent to the server. */
  sent(): string;
}

/** A wire to a server of this machine, which lasts as long as the test. */
export async function wireTo({ hostname, port }: URL): Promise<Wire> {
  const sockets = new Set<Socket>();
  const chunks: Buffer[] = [];
  let isCut = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = keep(connect(Number(port), hostname));
    keep(near).on('data', (chunk) => chunks.push(chunk));
    near.on('close', () => far.destroy()).pipe(far);
    far.on('close', () => near.destroy()).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    cut,
    mend: () => {
      isCut = false;
    },
    sent: () => Buffer.concat(chunks).toString('latin1'),
  };
}
