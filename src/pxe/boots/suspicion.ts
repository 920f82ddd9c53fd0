/**
 * Why a step of a boot probably did not come, and what to look at: one sentence and its checks for each way in which boots
 * stop.
 */

import { formatIpv4, type Ipv4, type MacAddress } from '../../base/addresses.ts';
import { addMs, formatInstant, type Instant } from '../../base/time.ts';
import type { Boot, BootStep } from '../boot.ts';
import { furthest, phaseOf } from './phase.ts';
import type { TwoPlaces } from './places.ts';

export type Surroundings = {
  /** Where machines reach HTTP: `10.69.0.3:10080`. */
  readonly httpPlace: string;
  /** Health is judged by some server of this fleet. */
  readonly isProbed: boolean;
  /** When a relay was heard last, and anything that did not come through it. */
  readonly relay: (address: Ipv4) => RelayHeard | undefined;
  /** Where it asks from, when that is two places by turns. */
  readonly twoPlaces: (mac: MacAddress) => TwoPlaces | undefined;
};

export type RelayHeard = {
  readonly lastAt: Instant;
  /** Undefined: nothing but this one was heard. */
  readonly othersAt: Instant | undefined;
};

/** Why a step did not come, and what to look at. */
export type Suspicion = { readonly cause: string; readonly checks: readonly string[] };

/** What a machine says or is silent about within seconds has the same reason. */
const togetherMs = 5_000;

export function notOffered(last: BootStep): Suspicion {
  const { text } = last;
  if (text.includes('no address is free')) {
    return {
      cause: 'the range of addresses of its network is used up: it gets no address',
      checks: [
        'tetsu get leases: see who has them',
        'release what is not needed: tetsu delete lease ADDRESS',
        'give the network a larger range',
      ],
    };
  }
  if (text.includes('lease table')) {
    return {
      cause: `its network gets no new leases: ${text.replace(/^silence: /, '')}`,
      checks: ['tetsu doctor: it names the record and what to do', 'tetsu get leases'],
    };
  }
  return {
    cause: `our server hears it and does not answer: ${text.replace(/^silence: /, '')}`,
    checks: [
      'see that its network is in the IPAM configuration: tetsu get subnets',
      'tetsu get config',
    ],
  };
}

/** A proxy names a boot file and lends nothing: firmware waits for somebody who does (PXE 2.1, 2.2.3). */
export function nobodyLends(last: BootStep): Suspicion {
  return {
    cause: `${last.server} names boot files in its network and lends no addresses there (mode proxy), and nobody else gives it one`,
    checks: [
      'see that the DHCP server of that network runs, and has an address left for it',
      'or have this fleet lend them: tetsu network set NAME --mode server',
    ],
  };
}

export function ownDisk(): Suspicion {
  return {
    cause: 'it loaded nothing from here and an operating system runs: it started from its own disk',
    checks: ['put the network before the disk in the boot order of its firmware'],
  };
}

export function offerNotTaken(last: BootStep): Suspicion {
  if (last.times > 1) {
    return {
      cause: `it asked ${last.times} times and takes none of our offers: they do not reach it, or its firmware ignores them`,
      checks: [
        'see that UDP 67 and 68 pass in both directions, from server to relay too',
        'see whether another DHCP server answers it: that one wins',
      ],
    };
  }
  return {
    cause: 'it was offered an address and fell silent: no request came',
    checks: [
      'see whether the machine still has power and link',
      'see whether another DHCP server answers it: that one wins',
    ],
  };
}

export function notAcknowledged(last: BootStep): Suspicion {
  return {
    cause: `its request for an address was refused: ${last.text}`,
    checks: ['tetsu get leases', 'reset its power, so that it asks anew'],
  };
}

export function hasNoFile({ facts }: BootStep): boolean {
  return facts.bootFile === undefined && facts.vendorClass !== undefined;
}

export function noLoader(last: BootStep): Suspicion {
  const what = last.text === '' ? 'no boot file was named to it' : last.text;
  return {
    cause: `there is no loader for its architecture: ${what}`,
    checks: [
      'add a loader for it to the configuration: dhcp.loaders',
      'see that it is among the loaders: GET /api/v2/status, boot.loaders',
    ],
  };
}

export function noLoaderRequest(boot: Boot, last: BootStep, around: Surroundings): Suspicion {
  const file =
    last.facts.bootFile ?? boot.steps.findLast(({ facts }) => facts.bootFile)?.facts.bootFile ?? '';
  if (boot.firmware === 'uefi-http' || file.startsWith('http')) return httpSilent(last, around);
  return {
    cause: `it has its address and asks for no loader: UDP 69 (TFTP) from it to ${last.server} is dropped`,
    checks: [
      'see that firewalls and switches let UDP 69 pass, and the high ports that transfers answer from',
      'see that the address of the server is reached from its network',
    ],
  };
}

export function blocksLost(last: BootStep): Suspicion {
  return {
    cause: `it asks for ${last.facts.path ?? 'the loader'} and never acknowledges what we send: UDP (TFTP) from ${last.server} back to it is dropped`,
    checks: [
      'TFTP answers from a high port: see that firewalls let UDP from the server to the machine pass, from any port',
      'see that the server has a route to its network',
    ],
  };
}

export function httpSilent(last: BootStep, around: Surroundings): Suspicion {
  const port = around.httpPlace.slice(around.httpPlace.lastIndexOf(':') + 1);
  const who =
    last.name === 'ipxe-ack'
      ? 'iPXE has its address and never asks for its script'
      : 'its firmware has its address and never asks for its loader';
  return {
    cause: `${who}: TCP ${port} from it to ${around.httpPlace} is dropped`,
    checks: [
      `see that firewalls let TCP ${port} pass from its network to ${around.httpPlace}`,
      `see that advertise-url is an address that machines reach`,
    ],
  };
}

export function scriptRefused(last: BootStep): Suspicion {
  const { text } = last;
  if (text.includes('registered')) {
    return {
      cause: `it is unknown: ${text}`,
      checks: [
        'register it: tetsu register FILE',
        'compare the serial number with the label on the machine',
      ],
    };
  }
  if (text.includes('retired')) {
    return { cause: `it is retired: ${text}`, checks: ['register it anew if it is to work again'] };
  }
  if (text.includes('is on no server')) {
    return {
      cause: `its boot image is gone: ${text}`,
      checks: ['tetsu get images', 'upload it again, or let its rule name another one'],
    };
  }
  if (text.includes('template')) {
    return {
      cause: `its role has no Ignition template: ${text}`,
      checks: ['store one: tetsu ignition set ROLE ID -f FILE', 'tetsu get templates'],
    };
  }
  if (text.includes('serial number')) {
    return { cause: text, checks: ['set the serial number in the firmware or by the BMC'] };
  }
  return { cause: `its script was refused: ${text}`, checks: ['tetsu doctor'] };
}

export function ignitionFailed(last: BootStep): Suspicion {
  const isOurs = (last.facts.status ?? 0) >= 500;
  return {
    cause: isOurs
      ? `its Ignition template is broken: ${last.text}`
      : `it gets no Ignition: ${last.text}`,
    checks: ['tetsu get templates', 'see what it renders to: tetsu ignition preview SERIAL'],
  };
}

export function notHealthy(): Suspicion {
  return {
    cause: 'it has its Ignition and did not become healthy',
    checks: [
      'look at its console: the operating system may have failed to start',
      'see what its probes say: tetsu describe machine SERIAL',
    ],
  };
}

/** A relay that fell silent with its machine, while others are heard, is the likelier cause. */
export function withRelay(
  boot: Boot,
  suspicion: Suspicion,
  around: Surroundings,
  since: Instant,
  now: Instant,
): Suspicion {
  const relay = boot.steps.findLast(({ facts }) => facts.relay !== undefined)?.facts.relay;
  const heard = relay === undefined ? undefined : around.relay(relay);
  if (relay === undefined || heard === undefined) return suspicion;
  // It was refused by us, so it was heard: no relay is to blame.
  const reached = furthest(boot.steps);
  if (
    reached?.result === 'failed' &&
    (reached.facts.status ?? 400) >= 400 &&
    !isTransfer(reached)
  ) {
    return suspicion;
  }
  // It spoke after the machine did: it is there.
  if (heard.lastAt > addMs(since, togetherMs)) return suspicion;
  const seconds = Math.round((now - heard.lastAt) / 1000);
  const others =
    heard.othersAt !== undefined && heard.othersAt > addMs(heard.lastAt, togetherMs)
      ? ', though other networks are heard'
      : '';
  const said = `relay ${formatIpv4(relay)} was last heard ${seconds} s ago${others}`;
  const isDhcp = phaseOf(boot.steps.at(-1)?.name ?? 'other') === 0;
  // Of a small fleet nothing else may be heard for minutes: further into the boot that alone accuses no relay.
  if (!isDhcp && others === '') return suspicion;
  return {
    cause: `machine and relay fell silent together: ${said}. ${suspicion.cause}`,
    checks: [`see that relay ${formatIpv4(relay)} is up and connected`, ...suspicion.checks],
  };
}

/** By TFTP, where no status tells who ended it. */
function isTransfer({ name, facts }: BootStep): boolean {
  return name === 'loader' && facts.status === undefined;
}

/** Whatever else is said of a boot: its steps may be those of two machines. */
export function ofTwoMachines({ places, at }: TwoPlaces): Suspicion {
  const [first, second] = places;
  return {
    cause: `two machines ask under this hardware address, at ${first} and at ${second}, last at ${formatInstant(at)}: what is seen here may be of either`,
    checks: [
      `find out what is connected at ${first} and at ${second}: one machine copies the other`,
      'until then either can read what belongs to this serial number: look at what its Ignition gives away',
    ],
  };
}
