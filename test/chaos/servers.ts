/** Three equal servers that can be killed, frozen and launched again on what they left behind. */

import { prepareTetsuServer, type TetsuServer } from '../support/tetsu.ts';

export type ChaosServer = {
  readonly at: number;
  readonly url: string;
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
): Promise<ChaosServer> {
  const site = await prepareTetsuServer({
    etcd,
    name: `boot-${at}`,
    more: 'dhcp: { relay-networks: [127.0.0.0/8] }\nlog-level: warn\n',
  });
  let server: TetsuServer | undefined;
  let killed = false;
  let died: string | undefined;
  return {
    at,
    url: site.url,
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
