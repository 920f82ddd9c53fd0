/** What a client is made with. */

import type { Link } from './request.ts';
import type { Ambience, Transport } from './transport.ts';

export type ClientOptions = {
  /** `http://boot-0:10080` or `https://…`. */
  readonly server: string;
  /** Of `tetsu token create`; without one, what the server allows this host. */
  readonly token?: string;
  /** Of one request, connect to last byte, milliseconds; default 30 seconds. */
  readonly timeoutMs?: number;
};

const timeoutMsDefault = 30_000;

/** @throws TypeError for what is no URL of a server. */
export function linkOf(options: ClientOptions, transport: Transport, ambience: Ambience): Link {
  const { server, token, timeoutMs = timeoutMsDefault } = options;
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`"${server}" is no http:// or https:// URL such as http://localhost:10080`);
  }
  return { server: server.replace(/\/+$/, ''), token, transport, ambience, timeoutMs };
}
