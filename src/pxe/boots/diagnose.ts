/**
 * What a boot waits for, since when, and why it probably does not come: a pure function of its steps, the time, and
 * what this server knows beside them. Its words are read at night by whoever stands before the rack.
 */

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
import {
  blocksLost,
  hasNoFile,
  httpSilent,
  ignitionFailed,
  nobodyLends,
  noLoader,
  noLoaderRequest,
  notAcknowledged,
  notHealthy,
  notOffered,
  offerNotTaken,
  ofTwoMachines,
  ownDisk,
  type Surroundings,
  type Suspicion,
  scriptRefused,
  withRelay,
} from './suspicion.ts';

type Expected = {
  readonly step: BootStepName;
  readonly since: Instant;
  /** Undefined: it has failed already, nothing is waited for. */
  readonly patienceMs: number | undefined;
  readonly why: () => Suspicion;
};

/** So many tries of the same thing are a loop. */
export const loopMin = 3;
export function diagnose(boot: Boot, around: Surroundings, now: Instant): Diagnosis {
  const found = diagnoseOne(boot, around, now);
  const places = boot.isOver || boot.mac === undefined ? undefined : around.twoPlaces(boot.mac);
  if (places === undefined) return found;
  const { cause, checks } = ofTwoMachines(places);
  return {
    ...found,
    cause: found.cause === '' ? cause : `${cause}. ${found.cause}`,
    checks: [...checks, ...found.checks],
  };
}

function diagnoseOne(boot: Boot, around: Surroundings, now: Instant): Diagnosis {
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

function withLoop(boot: Boot, suspicion: Suspicion): Suspicion {
  if (boot.inARow < loopMin) return suspicion;
  const name = furthest(boot.steps)?.name ?? 'other';
  return {
    ...suspicion,
    cause: `boot loop: ${boot.inARow} boots in a row came as far as ${name}. ${suspicion.cause}`,
  };
}

const downloads: ReadonlySet<BootStepName> = new Set([
  'loader',
  'chain-script',
  'script',
  'kernel',
  'initrd',
]);

function isDone(boot: Boot, name: BootStepName): boolean {
  return boot.steps.some((step) => step.name === name && step.result === 'done');
}
