import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isKernelGossipError } from 'kernel-gossip-types';
import { Credentials } from './credentials.ts';
import { openPortForward } from './port-forward.ts';

/** RFC 6455, 1.3. */
const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A binary message of less than 126 bytes, as a server sends it. */
const frame = (...bytes: readonly number[]): Buffer => Buffer.from([0x82, bytes.length, ...bytes]);
const CLOSE = Buffer.from([0x88, 0]);

interface Scripted {
  readonly asked: IncomingMessage[];
  readonly open: () => Promise<Duplex>;
}

/** An API server that upgrades a request and then says what it is told to; e2e speaks to a real one. */
async function kubelet(say: (socket: Duplex) => void): Promise<Scripted> {
  const asked: IncomingMessage[] = [];
  const server = createServer((_request, response) => response.writeHead(403).end());
  server.on('upgrade', (request, socket) => {
    asked.push(request);
    if (request.url?.includes('forbidden') === true) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const key = acceptKey(request.headers['sec-websocket-key'] ?? '');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    say(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'c', server: url, skipTLSVerify: true },
    { name: 'u', token: 'secret' },
  );
  const credentials = new Credentials(config);
  onTestFinished(async () => {
    await credentials.close();
    server.closeAllConnections();
    server.close();
  });
  const open = async (): Promise<Duplex> =>
    openPortForward({
      server: url,
      access: await credentials.access(),
      target: { namespace: 'gossip', pod: asked.length === 0 ? 'operator' : 'forbidden', port: 8080 },
      timeoutMs: 2000,
    });
  return { asked, open };
}

const PORT = [0x90, 0x1f];

describe('a forwarded port', () => {
  it('is asked for as the kubelet wants it, with our credentials', async () => {
    const { asked, open } = await kubelet((socket) => socket.write(frame(0, ...PORT)));
    (await open()).destroy();
    expect(asked[0]?.url).toBe('/api/v1/namespaces/gossip/pods/operator/portforward?ports=8080');
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    });
  });

  it('carries what the pod says, without the numbers of channel and port, to its end', async () => {
    const { open } = await kubelet((socket) => {
      for (const message of [
        frame(0, ...PORT),
        frame(1, ...PORT),
        frame(0, ...Buffer.from('hel')),
        frame(0, ...Buffer.from('lo')),
      ])
        socket.write(message);
      socket.end(CLOSE);
    });
    expect(await text(await open())).toBe('hello');
  });

  it('fails with what the kubelet says', async () => {
    const { open } = await kubelet((socket) => {
      socket.write(Buffer.concat([frame(0, ...PORT), frame(1, ...PORT)]));
      socket.write(frame(1, ...Buffer.from('connection refused')));
    });
    const connection = await open();
    await expect(text(connection)).rejects.toThrow(
      'port-forward to gossip/operator:8080: connection refused',
    );
  });

  it('that is refused is unavailable', async () => {
    const { open } = await kubelet((socket) => socket.write(frame(0, ...PORT)));
    (await open()).destroy();
    const error = await open().catch((thrown: unknown) => thrown);
    expect(isKernelGossipError(error, 'KG_STORE_UNAVAILABLE')).toBe(true);
  });
});
