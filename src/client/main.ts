/** The typed client for Node 24, without dependencies. */

import { type Client, clientOf } from './client.ts';
import { ambience } from './io/ambience.ts';
import { type ClientTls, nodeTransport } from './io/node-transport.ts';
import { type ClientOptions, linkOf } from './options.ts';

export type NodeClientOptions = ClientOptions & ClientTls;

export function createClient(options: NodeClientOptions): Client {
  return clientOf(linkOf(options, nodeTransport(options), ambience));
}
