/** Under which addresses the servers on this store answer DHCP, so that none takes another for a stranger. */

import { formatIpv4, type Ipv4, parseIpv4 } from '../../base/addresses.ts';
import { isJsonObject, parseJson } from '../../base/exact-json.ts';
import { createMirror } from '../../base/mirror.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Store, StoreProblem } from '../../base/store.ts';
import type { World } from '../../base/world.ts';

export type FleetServers = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly has: (address: Ipv4) => boolean;
  /** Writes this server's addresses if they are others than before; call it every few seconds. */
  readonly tell: (own: readonly Ipv4[]) => Promise<void>;
};

export const dhcpServersPrefix = 'tetsukan/dhcp-servers/';
/** A host with more has most of them for other purposes than DHCP. */
const addressesMax = 1_024;

/** @param name of this server among them: the host and port of its advertise URL. */
export function createFleetServers(deps: {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly name: string;
}): FleetServers {
  const { store, world, name } = deps;
  const mirror = createMirror<readonly Ipv4[]>({
    store,
    prefix: dhcpServersPrefix,
    decode: (_, value) => decode(value),
    clock: world.clock,
    log: world.log,
  });
  let known: { readonly of: readonly unknown[]; readonly all: ReadonlySet<Ipv4> } | undefined;
  let written: string | undefined;
  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    has: (address) => {
      const entries = mirror.entries();
      if (known?.of !== entries) {
        known = { of: entries, all: new Set(entries.flatMap(([, addresses]) => addresses)) };
      }
      return known.all.has(address);
    },
    tell: async (own) => {
      const addresses = [...own].sort((a, b) => a - b).slice(0, addressesMax);
      const text = JSON.stringify({ addresses: addresses.map(formatIpv4) });
      if (text === written) return;
      const key = `${dhcpServersPrefix}${name}`;
      const before = mirror.get(name);
      const isSame = before !== undefined && before.join() === addresses.join();
      if (!isSame) {
        const value = new TextEncoder().encode(text);
        const done = await store.commit([], [{ kind: 'put', key, value }]);
        // It is tried again when this is asked next.
        if (!done.ok) return;
      }
      written = text;
    },
  };
}

function decode(value: Uint8Array): Result<readonly Ipv4[], string> {
  const json = parseJson(value);
  const listed = isJsonObject(json) ? json['addresses'] : undefined;
  if (!Array.isArray(listed)) return fail('it has no list of addresses');
  return ok(
    listed.flatMap((text) => {
      const address = parseIpv4(String(text));
      return address.ok ? [address.value] : [];
    }),
  );
}
