import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { PixieAddress } from './address.ts';

/** How the connection is secured. A server's certificate is always checked, by the private authority where one is given. */
export const channelCredentials = ({ tls }: PixieAddress): ChannelCredentials =>
  tls === null
    ? ChannelCredentials.createInsecure()
    : ChannelCredentials.createSsl(tls.ca === null ? null : Buffer.from(tls.ca));

/** What goes with each call: the key, and who asks. */
export function callMetadata({ apiKey }: PixieAddress): Metadata {
  const metadata = new Metadata();
  metadata.set('pixie-api-client', 'kernel-gossip');
  if (apiKey !== null) metadata.set('pixie-api-key', apiKey);
  return metadata;
}
