import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ClusterDescription } from './cluster.ts';

/** One JSON line each way over a unix socket: enough to work a cluster from another process. */
export type ControlRequest =
  | { readonly action: 'describe' | 'stopApiServer' | 'startApiServer' | 'forgetHistory' | 'down' }
  | { readonly action: 'importImage'; readonly archivePath: string };

export type ControlReply =
  | { readonly ok: true; readonly description?: ClusterDescription }
  | { readonly ok: false; readonly error: string };

export type ControlHandler = (request: ControlRequest) => Promise<ClusterDescription | undefined>;

export function serveControl(socketPath: string, handler: ControlHandler): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      void reply(line, handler).then((answer) => socket.end(`${JSON.stringify(answer)}\n`));
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => resolve(server));
  });
}

async function reply(line: string, handler: ControlHandler): Promise<ControlReply> {
  try {
    const description = await handler(JSON.parse(line) as ControlRequest);
    return description === undefined ? { ok: true } : { ok: true, description };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

export async function control(
  socketPath: string,
  request: ControlRequest,
): Promise<ClusterDescription | undefined> {
  const line = await exchange(createConnection(socketPath), `${JSON.stringify(request)}\n`);
  const answer = JSON.parse(line) as ControlReply;
  if (!answer.ok) throw new Error(`the cluster could not ${request.action}: ${answer.error}`);
  return answer.description;
}

function exchange(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.on('connect', () => socket.write(text));
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () =>
      received === '' ? reject(new Error('the cluster went away without an answer')) : resolve(received),
    );
  });
}
