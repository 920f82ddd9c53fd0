/** The typed client for browsers, by `fetch`. */

import { type Client, clientOf } from '../client.ts';
import { ambience } from '../io/ambience.ts';
import { fetchTransport } from '../io/fetch-transport.ts';
import { type ClientOptions, linkOf } from '../options.ts';

export function createClient(options: ClientOptions): Client {
  return clientOf(linkOf(options, fetchTransport, ambience));
}
