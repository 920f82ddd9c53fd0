/** The last boots of each machine as this server saw them, for Wireshark. */

import { type MacAddress, parseMac } from '../base/addresses.ts';
import type { Instant } from '../base/time.ts';
import type { Endpoint } from '../base/world.ts';
import type { Who } from './boots/who.ts';
import { captureOf } from './recorder/capture.ts';
import { encodePcapng } from './recorder/pcapng.ts';
import { createRecorder, type RecorderStatus } from './recorder/recorder.ts';
import { createWhose, type Whose } from './recorder/whose.ts';
import type { Sightings } from './sightings.ts';

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
  /** Who is who, as far as this server saw it. */
  readonly whose: Whose;
};

export function createFlightRecorder(
  sightings: Pick<Sightings, 'subscribe'>,
  advertiseUrl: string,
  who: Pick<Who, 'macOf' | 'serialOf'>,
): FlightRecorder {
  const whose = createWhose(who);
  const recorder = createRecorder(whose);
  sightings.subscribe((sighting) => {
    whose.note(sighting);
    recorder.note(sighting);
  });
  const http = httpEndpoint(advertiseUrl);
  return {
    whose,
    status: recorder.status,
    captureOf: (of, server) => {
      const parsed = parseMac(of);
      const mac = parsed.ok ? parsed.value : whose.macOf({ serial: of });
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
