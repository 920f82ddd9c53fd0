/** The container OS's stand-in: what Ignition told it, and how it answers those who ask after it. */

import { fail, ok, type Result } from '../base/result.ts';

/** How the OS answers a probe right now. */
export type OsAnswer =
  /** Nothing comes back: dark, hung, or unplugged. */
  | { readonly kind: 'silent' }
  /** Answers after `afterMs` with this HTTP status. */
  | { readonly kind: 'answers'; readonly afterMs: number; readonly status: number };

/**
 * Where an OS becomes reachable. The real one listens on the address (`io/real-os.ts`); in the simulated world the
 * prober asks here.
 */
export type OsEdge = {
  /** `answer` is asked anew for each probe. The value given back closes it. */
  readonly listen: (address: string, answer: () => OsAnswer) => Promise<Result<() => void, string>>;
};

export type NodeConfig = { readonly address: string; readonly files: number };

/** Reads the node's address out of rendered Ignition: the first `Address=` of its networkd units. */
export function readIgnition(text: string): Result<NodeConfig, string> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return fail('Ignition is not JSON');
  }
  const version = at(config, 'ignition', 'version');
  if (typeof version !== 'string') return fail('ignition.version is missing');
  const units = at(config, 'networkd', 'units');
  const files = at(config, 'storage', 'files');
  for (const unit of Array.isArray(units) ? units : []) {
    const address = /^Address=(\d+\.\d+\.\d+\.\d+)\/\d+$/m.exec(String(at(unit, 'contents')))?.[1];
    if (address !== undefined) {
      return ok({ address, files: Array.isArray(files) ? files.length : 0 });
    }
  }
  return fail('no networkd unit has an Address=');
}

/** All simulated machines' OSes, for a prober that asks them directly. */
export type SimOsDirectory = OsEdge & {
  /** `silent` when nobody has this address. */
  readonly ask: (address: string) => OsAnswer;
};

export function createSimOsDirectory(): SimOsDirectory {
  const minds = new Map<string, () => OsAnswer>();
  return {
    ask: (address) => minds.get(address)?.() ?? { kind: 'silent' },
    listen: async (address, answer) => {
      if (minds.has(address)) return fail(`another machine already answers at ${address}`);
      minds.set(address, answer);
      return ok(() => {
        minds.delete(address);
      });
    },
  };
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null && name in inner
        ? (inner as Readonly<Record<string, unknown>>)[name]
        : undefined,
    value,
  );
}
