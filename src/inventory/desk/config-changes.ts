/** Putting the two configurations. */

import { fail } from '../../base/result.ts';
import { type DhcpConfig, dhcpConfigToJson } from '../dhcp-config.ts';
import { type IpamConfig, ipamConfigToJson } from '../ipam.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import { type Audit, type Change, committed, putJson } from './change.ts';

export const machinesExist: InventoryProblem = {
  kind: 'machines-exist',
  text: 'machines already exists: the IPAM configuration cannot be changed while any machine is registered',
};

/**
 * @param known a machine this server knows of, to be looked up rather than the whole fleet; undefined: look at all that
 * is there.
 */
export function putIpam(
  config: IpamConfig,
  known: Serial | undefined,
  audit: Audit,
): Change<undefined> {
  const json = ipamConfigToJson(config);
  return {
    lane: keys.ipam,
    reads:
      known === undefined
        ? { keys: [], prefixes: [keys.machines] }
        : { keys: [keys.machine(known)] },
    decide: (view) => {
      const found =
        known === undefined
          ? view.under(keys.machines).length > 0
          : view.get(keys.machine(known)) !== undefined;
      if (found) return fail(machinesExist);
      return committed(
        undefined,
        [putJson(keys.ipam, json)],
        audit('config', 'put', JSON.stringify(json)),
        [{ kind: 'none-under', prefix: keys.machines }],
      );
    },
  };
}

export function putDhcp(config: DhcpConfig, audit: Audit): Change<undefined> {
  const json = dhcpConfigToJson(config);
  return {
    lane: keys.dhcp,
    reads: { keys: [] },
    decide: () =>
      committed(
        undefined,
        [putJson(keys.dhcp, json)],
        audit('config', 'put', JSON.stringify(json)),
      ),
  };
}
