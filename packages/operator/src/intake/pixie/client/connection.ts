import {
  Client,
  type CallOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  type requestCallback,
} from '@grpc/grpc-js';
import type { PixieAddress } from './address.ts';
import { callMetadata, channelCredentials } from './credentials.ts';
import {
  type ClusterAnswer,
  type ClusterQuestion,
  loadPixieMethods,
  type ScriptAnswer,
  type ScriptQuestion,
} from './load-proto.ts';

/** The calls that we make, over one connection. */
export interface Connection {
  readonly executeScript: (
    question: ScriptQuestion,
    options: CallOptions,
  ) => ClientReadableStream<ScriptAnswer>;
  readonly getClusterInfo: (
    question: ClusterQuestion,
    options: CallOptions,
    answer: requestCallback<ClusterAnswer>,
  ) => ClientUnaryCall;
  /** Resolves when the other side has been reached; rejects at that time, or when the signal aborts. */
  readonly ready: (byMs: number, signal: AbortSignal) => Promise<void>;
  /** Leaves the connection to the calls on it; the next call makes a new one. */
  readonly renew: () => void;
  readonly close: () => void;
}

/** Also what Pixie's own clients take, by gRPC's default. Sixteen messages at most wait to be read. */
const LARGEST_MESSAGE = 4 * 1024 * 1024;
/** HTTP/2's own 64 KiB would make a stream wait for each acknowledgement of a distant cloud. */
const FLOW_CONTROL_WINDOW = 1024 * 1024;

const OPTIONS = {
  'grpc.max_receive_message_length': LARGEST_MESSAGE,
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW,
  // Else a new channel would be given the old one's connection.
  'grpc.use_local_subchannel_pool': 1,
};

/** Does not connect yet: the first call does. */
export function openConnection(address: PixieAddress): Connection {
  const methods = loadPixieMethods();
  const credentials = channelCredentials(address);
  const metadata = callMetadata(address);
  const connect = (): Client => new Client(address.target, credentials, OPTIONS);
  let client = connect();
  return {
    executeScript: (question, options) => {
      const { path, requestSerialize, responseDeserialize } = methods.executeScript;
      return client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        question,
        metadata,
        options,
      );
    },
    getClusterInfo: (question, options, answer) => {
      const { path, requestSerialize, responseDeserialize } = methods.getClusterInfo;
      return client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        question,
        metadata,
        options,
        answer,
      );
    },
    ready: (byMs, signal) =>
      new Promise((resolve, reject) => {
        const abort = (): void => reject(new Error('aborted'));
        signal.addEventListener('abort', abort);
        client.waitForReady(byMs, (error) => {
          signal.removeEventListener('abort', abort);
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
    renew: () => {
      client.close();
      client = connect();
    },
    close: () => client.close(),
  };
}
