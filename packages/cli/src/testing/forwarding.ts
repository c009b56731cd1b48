import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Upgrade } from './scripted-cluster.ts';

/** RFC 6455, 1.3. */
const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const BINARY = 0x82;
const CLOSE = Buffer.from([0x88, 0]);
const DATA = 0;
const ERROR = 1;
/** The port 8080, as the first message of each channel says it. */
const PORT = [0x90, 0x1f];

/** A binary message as a server sends it (RFC 6455, 5.2). */
function frame(body: Buffer): Buffer {
  const head =
    body.length < 126
      ? Buffer.from([BINARY, body.length])
      : Buffer.from([BINARY, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (body.length >= 126) head.writeUInt32BE(body.length, 6);
  return Buffer.concat([head, body]);
}

interface Frame {
  readonly opcode: number;
  readonly body: Buffer;
  readonly rest: Buffer;
}

/** The first message of a client, which is masked; null while it is not whole. */
function parse(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const begin = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < begin + 4) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
  const end = begin + 4 + length;
  if (bytes.length < end) return null;
  const mask = bytes.subarray(begin, begin + 4);
  const body = Buffer.from(
    bytes.subarray(begin + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)),
  );
  return { opcode: (bytes[0] ?? 0) & 0x0f, body, rest: bytes.subarray(end) };
}

/** What a client sends on the data channel. */
async function* dataOf(socket: Duplex): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    waiting = Buffer.concat([waiting, chunk as Buffer]);
    for (let message = parse(waiting); message !== null; message = parse(waiting)) {
      if (message.opcode === 8) return;
      waiting = message.rest;
      yield message.body.subarray(1);
    }
  }
}

async function forward(socket: Duplex, port: number | null): Promise<void> {
  socket.write(frame(Buffer.from([DATA, ...PORT])));
  socket.write(frame(Buffer.from([ERROR, ...PORT])));
  if (port === null) {
    socket.write(frame(Buffer.concat([Buffer.from([ERROR]), Buffer.from('connection refused')])));
    return;
  }
  const pod = connect(port, '127.0.0.1');
  pod.on('data', (data) => socket.write(frame(Buffer.concat([Buffer.from([DATA]), data]))));
  pod.on('close', () => socket.end(CLOSE));
  for await (const data of dataOf(socket)) pod.write(data);
  pod.destroy();
}

/** What an API server does with a port-forward: carries it to the port of a pod; null refuses the connection there. */
export const forwarding =
  (ports: Readonly<Record<string, number | null>>): Upgrade =>
  (request, socket) => {
    const pod = /\/pods\/([^/]+)\/portforward/.exec(request.url ?? '')?.[1] ?? '';
    const key = acceptKey(request.headers['sec-websocket-key'] ?? '');
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    forward(socket, ports[pod] ?? null).catch(() => undefined);
  };
