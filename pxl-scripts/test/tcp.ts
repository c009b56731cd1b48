import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** In a network namespace of its own: two ends of one connection, and one small message there and back for each line of input. */
const ENDS = `
const net = require('node:net');
const server = net.createServer((socket) => socket.on('data', (data) => socket.write(data)));
server.listen(0, process.argv[1], () => {
  const client = net.connect({ port: server.address().port, host: process.argv[1], localAddress: process.argv[2], noDelay: true });
  client.on('connect', () => console.log('connected'));
  client.on('data', () => console.log('back'));
  process.stdin.on('data', () => client.write('x'));
  process.stdin.on('end', () => process.exit());
});
`;

/** A connection between two addresses of the loopback network, in a namespace of its own. */
export interface Connection {
  readonly pid: number;
  /** Sends a message there and back. */
  roundTrip(): Promise<void>;
  end(): Promise<void>;
}

export async function connect(server: string, client: string): Promise<Connection> {
  const child: ChildProcess = spawn(
    'unshare',
    [
      '--net',
      'sh',
      '-c',
      'ip link set lo up && exec "$@"',
      'sh',
      process.execPath,
      '-e',
      ENDS,
      server,
      client,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const heard = async (): Promise<void> => {
    await once(child.stdout ?? child, 'data');
  };
  await heard();
  return {
    pid: child.pid ?? 0,
    roundTrip: async () => {
      const back = heard();
      child.stdin?.write('.');
      await back;
    },
    end: async () => {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}
