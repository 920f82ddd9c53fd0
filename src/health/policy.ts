/** How often a machine is asked, and when answers or their absence change its state. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Probe } from './probe.ts';

export type HealthPolicy = {
  readonly probes: readonly Probe[];
  /** Each machine is asked all probes once in this time. */
  readonly intervalSeconds: number;
  /** For one probe, from connect to the last byte. */
  readonly timeoutMs: number;
  /** Silence before `unreachable`, counted from the first question that stayed unanswered. */
  readonly patienceSeconds: number;
  /** Good passes in a row before `healthy`. */
  readonly recoveries: number;
  /** Passes in which the machine answers but one probe keeps failing, before `unhealthy`. */
  readonly failuresToUnhealthy: number;
  readonly flap: FlapPolicy;
  readonly crowd: CrowdPolicy;
  readonly clock: ClockPolicy;
  /** Probes under way at once, over the whole fleet. */
  readonly probesInFlightMax: number;
  /** Addresses of 127.0.0.0/8 may be probed: the demo's machines live there. */
  readonly allowLoopback: boolean;
};

/** A machine that left `healthy` more than `departuresMax` times within the window stays out until it was good for `stableSeconds`. */
export type FlapPolicy = {
  readonly departuresMax: number;
  readonly windowSeconds: number;
  readonly stableSeconds: number;
};

/** So many machines in trouble together, and we suspect ourselves, the switch or the power first. */
export type CrowdPolicy = {
  /** Share of a rack's machines in service, above 0 up to 1. */
  readonly rackShare: number;
  /** Fewer than these are never a crowd, however small the rack. */
  readonly rackMachinesMin: number;
  readonly fleetShare: number;
  readonly fleetMachinesMin: number;
  /** "Together": their trouble began within this time. */
  readonly windowSeconds: number;
};

/** Wall time that moves against monotonic time by more than this holds all moves until it was steady again. */
export type ClockPolicy = { readonly jumpSecondsMax: number; readonly settleSeconds: number };

export const defaultHealthPolicy: HealthPolicy = {
  probes: [{ name: 'ssh', kind: 'tcp', port: 22 }],
  intervalSeconds: 10,
  timeoutMs: 2000,
  patienceSeconds: 30,
  recoveries: 3,
  failuresToUnhealthy: 3,
  flap: { departuresMax: 3, windowSeconds: 3600, stableSeconds: 900 },
  crowd: {
    rackShare: 0.5,
    rackMachinesMin: 3,
    fleetShare: 0.1,
    fleetMachinesMin: 5,
    windowSeconds: 300,
  },
  clock: { jumpSecondsMax: 5, settleSeconds: 60 },
  probesInFlightMax: 256,
  allowLoopback: false,
};

/** More probes than these make a pass long and its evidence unreadable. */
const probesMax = 16;

export type PolicyMistake = {
  /** JSON pointer: `/probes/1/port`. */
  readonly path: string;
  readonly value: unknown;
  /** What would be right. */
  readonly text: string;
};

/** A policy from configuration: members left out keep their default; every mistake is reported, none guessed away. */
export function parseHealthPolicy(input: unknown): Result<HealthPolicy, readonly PolicyMistake[]> {
  const mistakes: PolicyMistake[] = [];
  const read = readerOf(mistakes);
  const base = defaultHealthPolicy;
  const top = read.object('', input, Object.keys(base));
  const flap = read.object('/flap', top['flap'], Object.keys(base.flap));
  const crowd = read.object('/crowd', top['crowd'], Object.keys(base.crowd));
  const clock = read.object('/clock', top['clock'], Object.keys(base.clock));
  const seconds = [0.05, 86_400] as const;
  const policy: HealthPolicy = {
    probes: readProbes(read, top['probes'], mistakes),
    intervalSeconds: read.number('/intervalSeconds', top, base, [0.05, 3600]),
    // Five seconds at most: a machine that answers no sooner is of no use to anybody who asks it.
    timeoutMs: read.number('/timeoutMs', top, base, [10, 5000]),
    patienceSeconds: read.number('/patienceSeconds', top, base, seconds),
    recoveries: read.whole('/recoveries', top, base, [1, 1000]),
    failuresToUnhealthy: read.whole('/failuresToUnhealthy', top, base, [1, 1000]),
    flap: {
      departuresMax: read.whole('/flap/departuresMax', flap, base.flap, [1, 10]),
      windowSeconds: read.number('/flap/windowSeconds', flap, base.flap, seconds),
      stableSeconds: read.number('/flap/stableSeconds', flap, base.flap, seconds),
    },
    crowd: {
      rackShare: read.share('/crowd/rackShare', crowd, base.crowd),
      rackMachinesMin: read.whole('/crowd/rackMachinesMin', crowd, base.crowd, [1, 100_000]),
      fleetShare: read.share('/crowd/fleetShare', crowd, base.crowd),
      fleetMachinesMin: read.whole('/crowd/fleetMachinesMin', crowd, base.crowd, [1, 100_000]),
      windowSeconds: read.number('/crowd/windowSeconds', crowd, base.crowd, seconds),
    },
    clock: {
      jumpSecondsMax: read.number('/clock/jumpSecondsMax', clock, base.clock, [1, 3600]),
      settleSeconds: read.number('/clock/settleSeconds', clock, base.clock, [0.05, 3600]),
    },
    probesInFlightMax: read.whole('/probesInFlightMax', top, base, [1, 10_000]),
    allowLoopback: read.flag('/allowLoopback', top, base),
  };
  if (mistakes.length === 0) mistakes.push(...contradictions(policy));
  return mistakes.length > 0 ? fail(mistakes) : ok(policy);
}

function contradictions(policy: HealthPolicy): PolicyMistake[] {
  const mistakes: PolicyMistake[] = [];
  const intervalMs = policy.intervalSeconds * 1000;
  if (policy.timeoutMs > intervalMs) {
    mistakes.push({
      path: '/timeoutMs',
      value: policy.timeoutMs,
      text: `must be at most intervalSeconds (${intervalMs} ms): a machine is not asked again while it is being asked`,
    });
  }
  const patienceMin = (intervalMs + policy.timeoutMs) / 1000;
  if (policy.patienceSeconds < patienceMin) {
    mistakes.push({
      path: '/patienceSeconds',
      value: policy.patienceSeconds,
      text: `must be at least intervalSeconds + timeoutMs (${patienceMin} s): a rack that falls silent must be seen to do so before its first machine is moved`,
    });
  }
  if (policy.crowd.windowSeconds < policy.intervalSeconds * 2) {
    mistakes.push({
      path: '/crowd/windowSeconds',
      value: policy.crowd.windowSeconds,
      text: `must be at least two intervals (${policy.intervalSeconds * 2} s): machines that fall together are noticed over a whole interval`,
    });
  }
  if (policy.probesInFlightMax < policy.probes.length) {
    mistakes.push({
      path: '/probesInFlightMax',
      value: policy.probesInFlightMax,
      text: `must be at least the number of probes (${policy.probes.length}): one machine is asked all of them together`,
    });
  }
  return mistakes;
}

function readProbes(read: Reader, value: unknown, mistakes: PolicyMistake[]): readonly Probe[] {
  if (value === undefined) return defaultHealthPolicy.probes;
  if (!Array.isArray(value) || value.length === 0 || value.length > probesMax) {
    const text = `must be a list of 1 to ${probesMax} probes: without one nothing is known of a machine`;
    mistakes.push({ path: '/probes', value, text });
    return [];
  }
  const seen = new Set<string>();
  return value.map((item: unknown, at): Probe => {
    const path = `/probes/${at}`;
    const kind = isObject(item) ? item['kind'] : undefined;
    const members = ['name', 'kind', 'port', ...(kind === 'http' ? ['path', 'expectStatus'] : [])];
    const probe = read.object(path, item ?? null, members);
    if (kind !== 'tcp' && kind !== 'http' && isObject(item)) {
      mistakes.push({ path: `${path}/kind`, value: kind, text: 'must be "tcp" or "http"' });
    }
    const name = read.text(`${path}/name`, probe['name'], /^[a-z0-9][a-z0-9-]{0,31}$/, namesAre);
    if (seen.has(name)) {
      mistakes.push({ path: `${path}/name`, value: name, text: 'must differ from the others' });
    }
    seen.add(name);
    const port = read.whole(`${path}/port`, probe, { port: undefined }, [1, 65_535]);
    if (kind !== 'http') return { name, kind: 'tcp', port };
    return {
      name,
      kind,
      port,
      path: read.text(`${path}/path`, probe['path'] ?? '/', /^\/[!-~]{0,511}$/, pathsAre),
      expectStatus: read.whole(`${path}/expectStatus`, probe, { expectStatus: 200 }, [200, 599]),
    };
  });
}

const namesAre = 'must be 1 to 32 of a-z, 0-9 and "-", such as "ssh"';
const pathsAre = 'must begin with "/" and have no blanks, such as "/healthz"';

type Bounds = readonly [least: number, most: number];
type Members = Readonly<Record<string, unknown>>;
type Reader = ReturnType<typeof readerOf>;

function readerOf(mistakes: PolicyMistake[]) {
  const wrong = (path: string, value: unknown, text: string) => {
    mistakes.push({ path, value, text });
  };
  const member = (path: string, from: Members, base: Members): unknown => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return from[name] ?? base[name];
  };
  const numeric = (whole: boolean) => (path: string, from: Members, base: Members, to: Bounds) => {
    const value = member(path, from, base);
    const fits = typeof value === 'number' && value >= to[0] && value <= to[1];
    if (fits && (!whole || Number.isInteger(value))) return value;
    wrong(path, value, `must be a ${whole ? 'whole ' : ''}number from ${to[0]} to ${to[1]}`);
    return to[0];
  };
  return {
    number: numeric(false),
    whole: numeric(true),
    share: (path: string, from: Members, base: Members): number => {
      const value = member(path, from, base);
      if (typeof value === 'number' && value > 0 && value <= 1) return value;
      wrong(path, value, 'must be a share above 0 and up to 1, such as 0.1');
      return 1;
    },
    flag: (path: string, from: Members, base: Members): boolean => {
      const value = member(path, from, base);
      if (typeof value === 'boolean') return value;
      wrong(path, value, 'must be true or false');
      return false;
    },
    text: (path: string, value: unknown, pattern: RegExp, right: string): string => {
      if (typeof value === 'string' && pattern.test(value)) return value;
      wrong(path, value, right);
      return '';
    },
    object: (path: string, value: unknown, names: readonly string[]): Members => {
      if (value === undefined) return {};
      if (!isObject(value)) {
        wrong(path, value, `must be an object with members of ${names.join(', ')}`);
        return {};
      }
      for (const [name, unknown] of Object.entries(value)) {
        if (!names.includes(name)) {
          wrong(`${path}/${name}`, unknown, `is not known here; known are ${names.join(', ')}`);
        }
      }
      return value;
    },
  };
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
