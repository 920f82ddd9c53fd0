/** Three equal servers that can be killed, frozen and launched again on what they left behind. */

import { join } from 'node:path';
import { freePorts } from '../support/ports.ts';
import { prepareTetsuServer, type TetsuServer } from '../support/tetsu.ts';
import { selfSign } from '../support/tls.ts';

export type ChaosServer = {
  readonly at: number;
  readonly url: string;
  readonly tlsUrl: string;
  readonly dhcpPort: number;
  readonly launch: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly log: () => string;
  /** Set when the process ended and nobody had killed it. */
  readonly diedOfItself: () => string | undefined;
  readonly remove: () => Promise<void>;
};

const logShownMax = 4_000;

export async function prepareChaosServer(
  at: number,
  etcd: readonly string[],
  /** Where its certificate goes. */
  directory: string,
): Promise<ChaosServer> {
  const [https = 0] = await freePorts(1);
  const [cert, key] = ['cert', 'key'].map((name) => join(directory, `${name}-${at}.pem`)) as [
    string,
    string,
  ];
  await selfSign(cert, key);
  const site = await prepareTetsuServer({
    // A start waits five times as long for a leader, also where the machine is slow.
    etcdMore: '  timeout: 3s\n',
    etcd,
    name: `boot-${at}`,
    more: `dhcp: { relay-networks: [127.0.0.0/8] }
log-level: warn
https: 127.0.0.1:${https}
server-cert: ${cert}
server-key: ${key}
`,
  });
  let server: TetsuServer | undefined;
  let killed = false;
  let died: string | undefined;
  return {
    at,
    url: site.url,
    tlsUrl: `https://127.0.0.1:${https}`,
    dhcpPort: site.dhcpPort,
    launch: async () => {
      killed = false;
      const launched = await site.launch();
      server = launched;
      void launched.ended.then(({ code, err, out }) => {
        if (killed) return;
        died = `server ${at} ended by itself with code ${code}: ${(out + err).slice(-logShownMax)}`;
      });
    },
    kill: async () => {
      killed = true;
      server?.signal('SIGKILL');
      await server?.ended;
    },
    signal: (name) => server?.signal(name),
    log: () => server?.log() ?? '',
    diedOfItself: () => died,
    remove: site.remove,
  };
}
