/** Port 68 of each link that is served: what other servers tell their clients there is heard. */

import type { Log, Net, NetworkInterface, UdpSocket } from '../../base/world.ts';
import { isSameLink } from './links.ts';

export type Ears = {
  /** Opens and closes them until there is one on each of these links. */
  readonly follow: (links: readonly NetworkInterface[]) => Promise<void>;
  readonly close: () => void;
};

/** RFC 2131 section 4.1. */
const clientPort = 68;
/** Our own answers come back here, too: in a storm an ear is shut until the next look. */
const heardPerLookMax = 2_500;

type Ear = { readonly socket: UdpSocket; readonly link: NetworkInterface; heard: number };

/** @param deps.hear takes a server's message, and `interface NAME` */
export function createEars(deps: {
  readonly net: Pick<Net, 'openUdp'>;
  readonly log: Pick<Log, 'info'>;
  readonly hear: (payload: Uint8Array, via: string) => void;
}): Ears {
  const { net, log, hear } = deps;
  const ears = new Map<string, Ear>();
  const deaf = new Set<string>();

  const shutOld = (links: readonly NetworkInterface[]): void => {
    for (const [name, ear] of ears) {
      const isServed = links.some((link) => isSameLink(link, ear.link));
      if (isServed && ear.heard <= heardPerLookMax) {
        ear.heard = 0;
        continue;
      }
      ear.socket.close();
      ears.delete(name);
    }
  };

  /** Bound to the broadcast address, so that what is meant for this host's own DHCP client goes there. */
  const open = async (link: NetworkInterface): Promise<void> => {
    const { name } = link;
    const via = `interface ${name}`;
    const ear = { heard: 0, link };
    const opened = await net.openUdp({
      address: '255.255.255.255',
      port: clientPort,
      interface: name,
      broadcast: true,
      onDatagram: ({ payload }) => {
        ear.heard += 1;
        if (ear.heard <= heardPerLookMax) hear(payload, via);
      },
      onError: () => {},
    });
    if (opened.ok) ears.set(name, Object.assign(ear, { socket: opened.value }));
    else if (!deaf.has(name)) {
      deaf.add(name);
      log.info('other servers are not heard on a link', { via, text: opened.error.text });
    }
  };

  return {
    follow: async (links) => {
      shutOld(links);
      for (const link of links) if (!ears.has(link.name)) await open(link);
    },
    close: () => {
      for (const { socket } of ears.values()) socket.close();
      ears.clear();
    },
  };
}
