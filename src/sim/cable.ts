/** A machine's cable to its rack: frames to the switch, and an end to all traffic when it is pulled. */

import { fail, ok } from '../base/result.ts';
import type { UdpSocket, World } from '../base/world.ts';

export type Cable = {
  /** False while the plug is out or the switch is dead. */
  readonly isUp: () => boolean;
  /** A DHCP message as the client broadcasts it on its link. */
  readonly broadcast: (frame: Uint8Array) => void;
  /** Frames for this machine; returns how to stop. */
  readonly listen: (onFrame: (frame: Uint8Array) => void) => () => void;
};

/**
 * The same world, reached through this cable: while it is out, datagrams vanish and requests time out, as they
 * would; in the real world too, where the loopback interface has no plug to pull.
 */
export function throughCable(
  world: Pick<World, 'net' | 'http' | 'clock'>,
  cable: Pick<Cable, 'isUp'>,
): Pick<World, 'net' | 'http'> {
  return {
    net: {
      interfaces: world.net.interfaces,
      openUdp: async (options) => {
        const opened = await world.net.openUdp({
          ...options,
          onDatagram: (datagram) => {
            if (cable.isUp()) options.onDatagram(datagram);
          },
        });
        if (!opened.ok) return opened;
        const socket: UdpSocket = {
          ...opened.value,
          send: (payload, to) => {
            if (cable.isUp()) opened.value.send(payload, to);
          },
        };
        return ok(socket);
      },
    },
    http: {
      request: async (request) => {
        const silence = () =>
          new Promise<void>((resolve) => world.clock.after(request.timeoutMs, resolve));
        const timedOut = fail({ kind: 'timed-out', text: 'the cable is out' } as const);
        if (!cable.isUp()) {
          await silence();
          return timedOut;
        }
        const outcome = await world.http.request(request);
        return cable.isUp() ? outcome : timedOut;
      },
    },
  };
}
