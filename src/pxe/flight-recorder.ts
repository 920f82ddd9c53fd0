/** The last boots of each machine as this server saw them, for Wireshark. */

import { type MacAddress, parseMac } from '../base/addresses.ts';
import type { Instant } from '../base/time.ts';
import type { Endpoint } from '../base/world.ts';
import { captureOf } from './recorder/capture.ts';
import { encodePcapng } from './recorder/pcapng.ts';
import { createRecorder, type RecorderStatus } from './recorder/recorder.ts';
import type { Sightings } from './sightings.ts';
import type { Who } from './who.ts';

export type Capture = {
  readonly mac: MacAddress;
  /** How many were recorded; each is one packet or a few. */
  readonly messages: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly pcapng: Uint8Array;
};

export type FlightRecorder = {
  /** @param of a serial number or a hardware address. Undefined: nothing is recorded of it here. */
  readonly captureOf: (of: string, server: string) => Capture | undefined;
  readonly status: () => RecorderStatus;
};

export function createFlightRecorder(
  sightings: Pick<Sightings, 'subscribe'>,
  advertiseUrl: string,
  who: Pick<Who, 'macOf' | 'macAt'>,
): FlightRecorder {
  const recorder = createRecorder(who);
  sightings.subscribe(recorder.note);
  const http = httpEndpoint(advertiseUrl);
  return {
    status: recorder.status,
    captureOf: (of, server) => {
      const parsed = parseMac(of);
      const mac = parsed.ok ? parsed.value : who.macOf({ serial: of });
      const seen = mac === undefined ? [] : recorder.of(mac);
      const [first, last] = [seen[0], seen.at(-1)];
      if (mac === undefined || first === undefined || last === undefined) return undefined;
      return {
        mac,
        messages: seen.length,
        firstAt: first.at,
        lastAt: last.at,
        pcapng: encodePcapng(captureOf(mac, seen, http), server),
      };
    },
  };
}

/** A host name is not looked up: captures then have the address that DHCP was answered from. */
function httpEndpoint(url: string): Endpoint {
  const { hostname, port, protocol } = new URL(url);
  const isAddress = /^[\d.]+$/.test(hostname);
  const usual = protocol === 'https:' ? 443 : 80;
  return {
    address: isAddress ? hostname : '0.0.0.0',
    port: port === '' ? usual : Number(port),
  };
}
