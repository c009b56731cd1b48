import type * as t from 'io-ts';
import { bytes, count, oneOf, optional, required, seconds, struct, text } from '../codec/index.ts';
import { subjectChecks, subjectFields } from './common.ts';
import { portNumber, remoteEnd, trafficRole } from './traffic.ts';

/** What a pod and one other end exchanged in one window. It opens no whisper. */
export const NetworkFlow = struct(
  'a network_flow observation',
  {
    type: required(oneOf('network_flow'), 'Kind of the observation.'),
    ...subjectFields,
    period_seconds: required(seconds, 'Length of the window that the figures cover; it ended at timestamp.'),
    role: required(trafficRole, 'Whether the pod opened the connections (client) or took them (server).'),
    remote: required(remoteEnd, 'The other end: namespace/pod, a service, or an address.'),
    remote_port: optional(portNumber, "The other end's port; of a client that calls the pod it says little."),
    protocol: optional(text(31), 'Protocol that was spoken, such as http, dns, pgsql.'),
    bytes_sent: optional(bytes, 'Bytes that the pod sent in the window.'),
    bytes_received: optional(bytes, 'Bytes that the pod received in the window.'),
    connections: optional(count, 'Connections opened in the window.'),
  },
  { checks: subjectChecks },
);
export type NetworkFlow = t.TypeOf<typeof NetworkFlow>;
