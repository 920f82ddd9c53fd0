/** A DHCP client as firmware has it: DISCOVER with retries, offers collected, REQUEST, ACK or NAK. */

import type { Chance, Clock } from '../base/world.ts';
import type { Cable } from './cable.ts';
import {
  addressBytes,
  type ClientOption,
  decodeServerPacket,
  dhcpType,
  encodeClientPacket,
  type ServerPacket,
} from './dhcp-wire.ts';
import type { DhcpPersona, Identity } from './firmware.ts';
import type { Life } from './life.ts';

export type Lease = {
  readonly address: string;
  readonly nextServer: string;
  readonly file: string;
  readonly options: ReadonlyMap<number, Uint8Array>;
};

/** REQUESTs sent for one offer before the client starts over. */
const requestsMax = 3;
const requestTimeoutMs = 4_000;

/**
 * @param usable which offers this program takes at all: OVMF's HTTP boot ignores one without option 60.
 * @param hurry divides the waits that are firmware's own habit; time-outs stay what they are.
 * @returns undefined when it gave up.
 */
export async function obtainLease(
  machine: {
    readonly life: Life;
    readonly clock: Clock;
    readonly chance: Chance;
    readonly cable: Cable;
    readonly identity: Identity;
    readonly hurry: number;
  },
  persona: DhcpPersona,
  usable: (offer: ServerPacket) => boolean,
): Promise<Lease | undefined> {
  const xid = Math.floor(machine.chance.next() * 0x1_0000_0000);
  const inbox = openInbox(machine, xid);
  try {
    for (const [tried, retryMs] of persona.retryMs.entries()) {
      const send = (type: number, extra: readonly ClientOption[]) =>
        machine.cable.broadcast(
          encodeClientPacket({
            xid,
            mac: machine.identity.mac,
            secs: persona.secs[Math.min(tried, persona.secs.length - 1)] ?? 0,
            broadcast: persona.broadcast,
            bytesMin: persona.bytesMin,
            options: optionsFor(persona, machine.identity, type, extra),
          }),
        );
      send(dhcpType.discover, []);
      const offer = await inbox.next(
        retryMs,
        (packet) => typeOf(packet) === dhcpType.offer && usable(packet),
      );
      if (offer === undefined) continue;
      if (!(persona.heedsNoProxy && saysNoProxy(offer))) {
        await machine.life.wait(persona.collectMs / machine.hurry);
      }
      const lease = await request(inbox, send, offer);
      // OVMF does not ask again after a NAK, and neither do the others with this xid.
      if (lease !== 'silence') return lease;
    }
    return undefined;
  } finally {
    inbox.close();
  }
}

async function request(
  inbox: Inbox,
  send: (type: number, extra: readonly ClientOption[]) => void,
  offer: ServerPacket,
): Promise<Lease | undefined | 'silence'> {
  const server = offer.options.get(54);
  if (server === undefined) return 'silence';
  for (let sent = 0; sent < requestsMax; sent += 1) {
    send(dhcpType.request, [
      [54, server],
      [50, addressBytes(offer.yourAddress)],
    ]);
    const answer = await inbox.next(requestTimeoutMs, (packet) => {
      const type = typeOf(packet);
      return type === dhcpType.ack || type === dhcpType.nak;
    });
    if (answer === undefined) continue;
    if (typeOf(answer) === dhcpType.nak) return undefined;
    const { yourAddress, nextServer, file, options } = answer;
    return { address: yourAddress, nextServer, file, options };
  }
  return 'silence';
}

function optionsFor(
  persona: DhcpPersona,
  identity: Identity,
  type: number,
  extra: readonly ClientOption[],
): readonly ClientOption[] {
  const larger = type === dhcpType.request ? persona.requestSizeMax : undefined;
  const own = persona
    .options(identity)
    .map(
      ([code, value]): ClientOption =>
        code === 57 && larger !== undefined
          ? [57, Uint8Array.of(larger >> 8, larger & 0xff)]
          : [code, value],
    );
  const kind: ClientOption = [53, Uint8Array.of(type)];
  return persona.requestFirst ? [kind, ...extra, ...own] : [kind, ...own, ...extra];
}

type Inbox = {
  readonly next: (
    timeoutMs: number,
    wanted: (packet: ServerPacket) => boolean,
  ) => Promise<ServerPacket | undefined>;
  readonly close: () => void;
};

/** Packets nobody waits for are dropped, as firmware drops them. */
function openInbox(
  machine: { readonly life: Life; readonly clock: Clock; readonly cable: Cable },
  xid: number,
): Inbox {
  let waiting: ((packet: ServerPacket) => void) | undefined;
  const stopListening = machine.cable.listen((frame) => {
    const packet = decodeServerPacket(frame);
    if (packet?.xid === xid) waiting?.(packet);
  });
  const forget = machine.life.onEnd(stopListening);
  return {
    next: (timeoutMs, wanted) =>
      machine.life.during(
        new Promise((resolve) => {
          const stop = machine.clock.after(timeoutMs, () => {
            waiting = undefined;
            resolve(undefined);
          });
          waiting = (packet) => {
            if (!wanted(packet)) return;
            stop();
            waiting = undefined;
            resolve(packet);
          };
        }),
      ),
    close: () => {
      forget();
      stopListening();
    },
  };
}

function typeOf(packet: ServerPacket): number {
  return packet.options.get(53)?.[0] ?? 0;
}

/** Option 175 with sub-option 176 = 1: iPXE need not wait for a proxy server. */
function saysNoProxy(offer: ServerPacket): boolean {
  const encapsulated = offer.options.get(175) ?? new Uint8Array();
  for (let at = 0; at + 1 < encapsulated.length; at += 2 + (encapsulated[at + 1] ?? 0)) {
    if (encapsulated[at] === 176) return encapsulated[at + 2] === 1;
  }
  return false;
}
