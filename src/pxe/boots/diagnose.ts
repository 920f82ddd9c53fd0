/**
 * What a boot waits for, since when, and why it probably does not come: a pure function of its steps, the time, and
 * what this server knows beside them. Its words are read at night by whoever stands before the rack.
 */

import { formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { addMs, type Instant } from '../../base/time.ts';
import {
  type Boot,
  type BootStep,
  type BootStepName,
  type Diagnosis,
  isToldToWait,
} from '../boot.ts';
import { patienceFor, standstillMs, turnPatienceMs } from './deadlines.ts';
import { furthest, phaseOf } from './phase.ts';

export type Surroundings = {
  /** Where machines reach HTTP: `10.69.0.3:10080`. */
  readonly httpPlace: string;
  /** Health is judged by some server of this fleet. */
  readonly isProbed: boolean;
  /** When a relay was heard last, and anything that did not come through it. */
  readonly relay: (address: Ipv4) => RelayHeard | undefined;
};

export type RelayHeard = {
  readonly lastAt: Instant;
  /** Undefined: nothing but this one was heard. */
  readonly othersAt: Instant | undefined;
};

/** Why a step did not come, and what to look at. */
type Suspicion = { readonly cause: string; readonly checks: readonly string[] };

type Expected = {
  readonly step: BootStepName;
  readonly since: Instant;
  /** Undefined: it has failed already, nothing is waited for. */
  readonly patienceMs: number | undefined;
  readonly why: () => Suspicion;
};

/** So many tries of the same thing are a loop. */
export const loopMin = 3;
/** What a machine says or is silent about within seconds has the same reason. */
const togetherMs = 5_000;

export function diagnose(boot: Boot, around: Surroundings, now: Instant): Diagnosis {
  const reached = furthest(boot.steps) ?? boot.steps.at(-1);
  const name = reached?.name ?? 'other';
  if (reached === undefined || name === 'healthy') return settled('healthy', name);
  const isUp = phaseOf(name) > phaseOf('ignition') || isDone(boot, 'ignition');
  if (boot.isOver) return isUp ? settled('up', name) : failed(boot, name, around);
  if (isUp && !around.isProbed) return settled('up', name);

  const expected = expectedAfter(boot, reached, around);
  const { step, since, patienceMs } = expected;
  const deadline = patienceMs === undefined ? since : addMs(since, patienceMs);
  const awaited = { step, since, deadline };
  if (now < deadline) return { state: 'running', reached: name, awaited, cause: '', checks: [] };
  const { cause, checks } = withLoop(boot, withRelay(boot, expected.why(), around, since, now));
  return { state: 'stuck', reached: name, awaited, cause, checks };
}

function settled(state: 'healthy' | 'up', reached: BootStepName): Diagnosis {
  return { state, reached, awaited: undefined, cause: '', checks: [] };
}

/** Another boot began: what it lacked is told as it was. */
function failed(boot: Boot, reached: BootStepName, around: Surroundings): Diagnosis {
  const last = furthest(boot.steps);
  if (last === undefined)
    return { state: 'failed', reached, awaited: undefined, cause: '', checks: [] };
  const { step, since, patienceMs, why } = expectedAfter(boot, last, around);
  const awaited = { step, since, deadline: addMs(since, patienceMs ?? 0) };
  const { cause, checks } = withLoop(boot, why());
  return { state: 'failed', reached, awaited, cause, checks };
}

function expectedAfter(boot: Boot, last: BootStep, around: Surroundings): Expected {
  const after = (step: BootStepName, why: () => Suspicion): Expected => ({
    step,
    since: last.lastAt,
    patienceMs: patienceFor(step, boot.firmware),
    why,
  });
  const refused = (step: BootStepName, why: () => Suspicion): Expected => ({
    step,
    since: last.at,
    patienceMs: undefined,
    why,
  });
  switch (last.name) {
    case 'firmware-offer':
    case 'ipxe-offer': {
      if (last.result === 'failed') return refused(last.name, () => notOffered(last));
      const ack = last.name === 'ipxe-offer' ? 'ipxe-ack' : 'firmware-ack';
      if (hasNoFile(last)) return after(ack, () => noLoader(last));
      if (last.facts.address === undefined) return after(ack, () => nobodyLends(last));
      return after(ack, () => offerNotTaken(last));
    }
    case 'firmware-ack':
      if (last.result === 'failed') return refused('firmware-ack', () => notAcknowledged(last));
      if (hasNoFile(last)) return refused('loader', () => noLoader(last));
      return after('loader', () => noLoaderRequest(boot, last, around));
    case 'loader-size':
      return after('loader', () => noLoaderRequest(boot, last, around));
    case 'loader':
      return afterLoader(last, after, refused, around);
    case 'ipxe-ack':
      if (last.result === 'failed') return refused('ipxe-ack', () => notAcknowledged(last));
      return after('chain-script', () => httpSilent(last, around));
    case 'chain-script':
      return after('script', () => ({
        cause: `iPXE has our first script and does not ask for the machine's own`,
        checks: [
          'look at its console: it says what failed',
          'see that its SMBIOS has a serial number',
          `see that ${around.httpPlace} is reached each time, not only once (a load balancer, a dead link of a bond)`,
        ],
      }));
    case 'script':
      if (last.result === 'failed') return refused('script', () => scriptRefused(last));
      if (isToldToWait(last)) {
        const why = () => ({
          cause: 'it waited for its turn to load, and does not ask again',
          checks: ['look at its console: it says when its next try is'],
        });
        return { ...after('script', why), patienceMs: turnPatienceMs };
      }
      if (last.facts.imageId === undefined) {
        return after('kernel', () => ({
          cause: 'there is no boot image: the script names none',
          checks: ['upload one: tetsu upload image coreos ID FILES', 'tetsu get images'],
        }));
      }
      return after('kernel', () => ({
        cause: 'iPXE has its script and does not ask for the kernel',
        checks: ['look at its console', `see that ${around.httpPlace} is reached from its network`],
      }));
    case 'kernel':
    case 'initrd':
      return afterImage(last, after, refused, around);
    case 'ignition':
      if (last.result === 'failed' || (last.facts.status ?? 200) >= 400) {
        return refused('ignition', () => ignitionFailed(last));
      }
      return after('healthy', notHealthy);
    case 'os-dhcp':
      if (!boot.steps.some(({ name }) => downloads.has(name))) return after('ignition', ownDisk);
      return after('ignition', () => ({
        cause: `its operating system runs and has an address, and does not ask for its Ignition`,
        checks: [
          `see that ${around.httpPlace} is reached from its network`,
          'look at its console: Ignition says what it waits for',
        ],
      }));
    default:
      return after('healthy', notHealthy);
  }
}

type Make = (step: BootStepName, why: () => Suspicion) => Expected;

function afterLoader(last: BootStep, after: Make, refused: Make, around: Surroundings): Expected {
  const isTftp = last.facts.status === undefined;
  if (last.result === 'done') {
    return after('ipxe-offer', () => ({
      cause:
        'the loader was downloaded whole and then nothing came: the firmware does not run it, as with Secure Boot, or it hangs',
      checks: [
        'switch Secure Boot off in the firmware, or let its keys know our loader',
        'see that the loader is for its architecture',
        'look at its console: "Access Denied" or "Security Violation" is Secure Boot',
      ],
    }));
  }
  if (last.result === 'failed') {
    if (isTftp && (last.facts.bytes ?? 0) === 0) {
      return refused('loader', () => blocksLost(last));
    }
    return refused('loader', () => ({
      cause: `the download of the loader broke off: ${last.text}`,
      checks: ['look for packet loss on its link', 'look at the cable and the port of its switch'],
    }));
  }
  if (isTftp && (last.facts.bytes ?? 0) === 0) {
    return { ...after('loader', () => blocksLost(last)), step: 'loader' };
  }
  return standing(last, around);
}

function afterImage(last: BootStep, after: Make, refused: Make, around: Surroundings): Expected {
  const { name, facts } = last;
  if (last.result === 'failed') {
    if ((facts.status ?? 200) < 400) {
      return refused(name, () => ({
        cause: `the download of the ${name} broke off after ${facts.bytes ?? 0} of ${facts.totalBytes ?? 0} bytes`,
        checks: ['look for packet loss on its link', 'iPXE does not try again: reset its power'],
      }));
    }
    const image = facts.imageId === undefined ? 'the boot image' : `boot image ${facts.imageId}`;
    return refused(name, () => ({
      cause: `${image} is not here: ${last.text === '' ? `status ${facts.status}` : last.text}`,
      checks: [
        'tetsu get images',
        'upload the image again',
        'reset the machine, so that it gets a new script',
      ],
    }));
  }
  if (last.result === 'running') return standing(last, around);
  if (last.result === 'redirected') {
    return after(name, () => ({
      cause: `it was sent to another server for the ${name} and did not arrive there`,
      checks: [`see that all servers are reached from its network`, 'tetsu get images'],
    }));
  }
  if (name === 'kernel') {
    return after('initrd', () => ({
      cause: 'iPXE has the kernel and does not ask for the initrd',
      checks: ['look at its console: it may lack memory'],
    }));
  }
  return after('ignition', () => ({
    cause:
      'kernel and initrd were downloaded and the operating system does not ask for its Ignition',
    checks: [
      'look at its console: the kernel may hang, or lack a driver for the network card',
      'see that the kernel parameters fit the image: tetsu get kernel-params',
    ],
  }));
}

function standing(last: BootStep, around: Surroundings): Expected {
  const { name, lastAt, facts } = last;
  return {
    step: name,
    since: lastAt,
    patienceMs: standstillMs,
    why: () => ({
      cause: `the download of the ${name} stands still after ${facts.bytes ?? 0} bytes`,
      checks: [
        'see whether the machine still has power',
        `look for packet loss between it and ${around.httpPlace}`,
      ],
    }),
  };
}

function notOffered(last: BootStep): Suspicion {
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
  return {
    cause: `our server hears it and does not answer: ${text.replace(/^silence: /, '')}`,
    checks: [
      'see that its network is in the IPAM configuration: tetsu get subnets',
      'tetsu get config',
    ],
  };
}

/** A proxy names a boot file and lends nothing: firmware waits for somebody who does (PXE 2.1, 2.2.3). */
function nobodyLends(last: BootStep): Suspicion {
  return {
    cause: `${last.server} names boot files in its network and lends no addresses there (mode proxy), and nobody else gives it one`,
    checks: [
      'see that the DHCP server of that network runs, and has an address left for it',
      'or have this fleet lend them: tetsu network set NAME --mode server',
    ],
  };
}

const downloads: ReadonlySet<BootStepName> = new Set([
  'loader',
  'chain-script',
  'script',
  'kernel',
  'initrd',
]);

function ownDisk(): Suspicion {
  return {
    cause: 'it loaded nothing from here and an operating system runs: it started from its own disk',
    checks: ['put the network before the disk in the boot order of its firmware'],
  };
}

function offerNotTaken(last: BootStep): Suspicion {
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

function notAcknowledged(last: BootStep): Suspicion {
  return {
    cause: `its request for an address was refused: ${last.text}`,
    checks: ['tetsu get leases', 'reset its power, so that it asks anew'],
  };
}

function hasNoFile({ facts }: BootStep): boolean {
  return facts.bootFile === undefined && facts.vendorClass !== undefined;
}

function noLoader(last: BootStep): Suspicion {
  const what = last.text === '' ? 'no boot file was named to it' : last.text;
  return {
    cause: `there is no loader for its architecture: ${what}`,
    checks: [
      'add a loader for it to the configuration: dhcp.loaders',
      'see that it is among the loaders: GET /api/v2/status, boot.loaders',
    ],
  };
}

function noLoaderRequest(boot: Boot, last: BootStep, around: Surroundings): Suspicion {
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

function blocksLost(last: BootStep): Suspicion {
  return {
    cause: `it asks for ${last.facts.path ?? 'the loader'} and never acknowledges what we send: UDP (TFTP) from ${last.server} back to it is dropped`,
    checks: [
      'TFTP answers from a high port: see that firewalls let UDP from the server to the machine pass, from any port',
      'see that the server has a route to its network',
    ],
  };
}

function httpSilent(last: BootStep, around: Surroundings): Suspicion {
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

function scriptRefused(last: BootStep): Suspicion {
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

function ignitionFailed(last: BootStep): Suspicion {
  const isOurs = (last.facts.status ?? 0) >= 500;
  return {
    cause: isOurs
      ? `its Ignition template is broken: ${last.text}`
      : `it gets no Ignition: ${last.text}`,
    checks: ['tetsu get templates', 'see what it renders to: tetsu ignition preview SERIAL'],
  };
}

function notHealthy(): Suspicion {
  return {
    cause: 'it has its Ignition and did not become healthy',
    checks: [
      'look at its console: the operating system may have failed to start',
      'see what its probes say: tetsu describe machine SERIAL',
    ],
  };
}

/** A relay that fell silent with its machine, while others are heard, is the likelier cause. */
function withRelay(
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

function withLoop(boot: Boot, suspicion: Suspicion): Suspicion {
  if (boot.inARow < loopMin) return suspicion;
  const name = furthest(boot.steps)?.name ?? 'other';
  return {
    ...suspicion,
    cause: `boot loop: ${boot.inARow} boots in a row came as far as ${name}. ${suspicion.cause}`,
  };
}

function isDone(boot: Boot, name: BootStepName): boolean {
  return boot.steps.some((step) => step.name === name && step.result === 'done');
}
