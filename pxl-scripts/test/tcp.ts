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
  const { pid, ask, end } = await startInNamespace('ip link set lo up', ENDS, [server, client]);
  return { pid, roundTrip: () => ask('.'), end };
}

/**
 * In a network namespace of its own, at one address, for a line of input "MADE REFUSED RESET": so many connections that end
 * in order, are refused, and are reset by the server. Nobody binds a client: the kernel chooses where it connects from.
 */
const PEERS = `
const net = require('node:net');
const host = process.argv[1];
const server = net.createServer((socket) => socket.on('data', () => socket.resetAndDestroy()));
const one = (port, text) => new Promise((resolve) => {
  const socket = net.connect({ port, host }, () => (text === '' ? socket.end() : socket.write(text)));
  socket.on('error', () => {}).on('close', resolve).resume();
});
const many = async (count, ...how) => { for (let at = 0; at < count; at += 1) await one(...how); };
server.listen(0, host, () => {
  console.log('listening');
  const { port } = server.address();
  process.stdin.on('data', async (line) => {
    const [made, refused, reset] = String(line).split(' ').map(Number);
    await Promise.all([many(made, port, ''), many(refused, 1, ''), many(reset, port, 'reset me')]);
    console.log('done');
  });
  process.stdin.on('end', () => process.exit());
});
`;

export interface Attempts {
  readonly made: number;
  readonly refused: number;
  readonly reset: number;
}

/** Who connects to itself. */
export interface Peers {
  readonly pid: number;
  attempt(attempts: Attempts): Promise<void>;
  end(): Promise<void>;
}

export async function startPeers(address: string): Promise<Peers> {
  const setUp = `ip link set lo up && ip address add ${address} dev lo`;
  const { pid, ask, end } = await startInNamespace(setUp, PEERS, [address]);
  return { pid, attempt: ({ made, refused, reset }) => ask(`${made} ${refused} ${reset}`), end };
}

interface InNamespace {
  readonly pid: number;
  /** Resolves with its answer. */
  readonly ask: (line: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

async function startInNamespace(
  setUp: string,
  program: string,
  args: readonly string[],
): Promise<InNamespace> {
  const child: ChildProcess = spawn(
    'unshare',
    ['--net', 'sh', '-c', `${setUp} && exec "$@"`, 'sh', process.execPath, '-e', program, ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const heard = async (): Promise<void> => {
    await once(child.stdout ?? child, 'data');
  };
  await heard();
  return {
    pid: child.pid ?? 0,
    ask: async (line) => {
      const back = heard();
      child.stdin?.write(line);
      await back;
    },
    end: async () => {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}
