/** The typed client for Node 24, without dependencies. */

import { type Client, clientOf } from './client.ts';
import { ambience } from './io/ambience.ts';
import { nodeTransport } from './io/node-transport.ts';
import { type ClientOptions, linkOf } from './options.ts';

export type NodeClientOptions = ClientOptions & {
  /** PEM of who signed the server's certificate; default: the system's roots. */
  readonly ca?: string;
};

export function createClient(options: NodeClientOptions): Client {
  return clientOf(linkOf(options, nodeTransport(options.ca), ambience));
}
