import { createServer } from 'node:net';
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerInterceptor,
  type ServerUnaryCall,
  type StatusObject,
} from '@grpc/grpc-js';
import { isLeft } from 'fp-ts/lib/Either.js';
import type { Sender } from '../../authn/sender.ts';
import type { Admit } from './admission.ts';
import { decodeProtobuf, MAX_BODY_BYTES, type Exporting } from './exporting.ts';
import type { Place } from './gate.ts';
import { drained, listen, type Listening } from './listening.ts';
import type { Message } from './message.ts';
import { broken, late, statusBytes, type Refusal } from './refusal.ts';

export interface GrpcReceiverOptions {
  readonly host: string;
  readonly port: number;
  readonly admit: Admit;
  readonly exportings: readonly Exporting[];
  /** How long a request may take to arrive in whole, in milliseconds; 30 seconds where not given. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Called with what no other place took care of: a bug. */
  readonly onBug: (error: unknown) => void;
}

const MAX_CONNECTIONS = 1024;
const SERVER_OPTIONS = {
  'grpc.max_receive_message_length': MAX_BODY_BYTES,
  'grpc.max_concurrent_streams': 128,
  // Connections whose other end is gone, and nobody said so, are found and closed.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** A call that was let in. */
interface Visit {
  readonly sender: Sender;
  readonly place: Place;
  /** From then on the place is left when the work ends, whether or not the caller still waits. */
  isWorking: boolean;
}

/** OTLP over gRPC: Export of metrics and of traces. gRPC itself answers UNIMPLEMENTED to all else, logs for one. */
export async function startGrpcReceiver(options: GrpcReceiverOptions): Promise<Listening> {
  const { host, port, admit, exportings, bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  const visits = new WeakMap<Metadata, Visit>();
  const grpc = new Server({ ...SERVER_OPTIONS, interceptors: [letIn(admit, visits, bodyTimeoutMs)] });
  for (const exporting of exportings) {
    const handle: handleUnaryCall<Buffer, Message> = (call, answer) => {
      exportCall(call, answer, exporting, visits).catch(options.onBug);
    };
    grpc.register(exporting.method.path, handle, exporting.method.encode, asItIs, 'unary');
  }
  // gRPC's own listeners know no bound on connections.
  const connections = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createServer((socket) => {
    connections.injectConnection(socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listeningOn = await listen(server, host, port, 'OTLP_GRPC_PORT');
  return {
    port: listeningOn,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      // Tells the callers to go elsewhere. It says too early that their calls under way have ended: with Node 24, at once.
      grpc.tryShutdown(() => undefined);
      await drained(closed);
      grpc.forceShutdown();
    },
  };
}

/** Messages are decoded by hand: what cannot be is the sender's fault, and gRPC would call it ours. */
const asItIs = (bytes: Buffer): Buffer => bytes;

/** A body may be slow, but it may not keep its place for ever. */
const BODY_TIMEOUT_MS = 30_000;

/** Lets a call in before its body is read. */
const letIn =
  (admit: Admit, visits: WeakMap<Metadata, Visit>, bodyTimeoutMs: number): ServerInterceptor =>
  (_method, call) => {
    let leave = (): void => undefined;
    let overdue: NodeJS.Timeout | undefined;
    let isOver = false;
    const refuse = (refusal: Refusal): void => {
      call.sendStatus(statusOf(refusal));
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, goOn) => {
            const [authorization] = metadata.get('authorization');
            void admit(authorization?.toString(), MAX_BODY_BYTES).then((admitted) => {
              if (isLeft(admitted)) {
                refuse(admitted.left);
                return;
              }
              const { sender, place } = admitted.right;
              const visit: Visit = { sender, place, isWorking: false };
              leave = () => {
                if (!visit.isWorking) place.leave();
              };
              if (isOver) {
                leave();
                return;
              }
              overdue = setTimeout(() => {
                refuse(late('the request did not arrive in time'));
              }, bodyTimeoutMs);
              visits.set(metadata, visit);
              goOn(metadata);
            });
          },
          // The work begins when the sender has ended the request, not when its message is there.
          onReceiveHalfClose: (goOn) => {
            clearTimeout(overdue);
            goOn();
          },
          // Called when the call ends, however it does.
          onCancel: () => {
            isOver = true;
            clearTimeout(overdue);
            leave();
          },
        });
      },
    });
  };

async function exportCall(
  call: ServerUnaryCall<Buffer, Message>,
  answer: sendUnaryData<Message>,
  { method, take }: Exporting,
  visits: WeakMap<Metadata, Visit>,
): Promise<void> {
  const visit = visits.get(call.metadata);
  if (visit === undefined) {
    answer(statusOf(broken('the operator made a mistake')));
    return;
  }
  visit.isWorking = true;
  try {
    visit.place.shrinkTo(call.request.byteLength);
    const taken = await take(() => decodeProtobuf(method, call.request), visit.sender);
    if (isLeft(taken)) answer(statusOf(taken.left));
    else answer(null, taken.right);
  } catch (error) {
    answer(statusOf(broken('the operator made a mistake; its log says more')));
    throw error;
  } finally {
    visit.place.leave();
  }
}

/** A refusal as gRPC sends it; when to come again stands in the details. */
function statusOf(refusal: Refusal): StatusObject {
  const metadata = new Metadata();
  if (refusal.retryAfterSeconds !== null) metadata.set('grpc-status-details-bin', statusBytes(refusal));
  return { code: refusal.code, details: refusal.message, metadata };
}
