/** Putting the two configurations. */

import type { View } from '../../base/decision.ts';
import { type PreconditionFailed, type PutTerms, whyNotExpected } from '../../base/put-terms.ts';
import { fail } from '../../base/result.ts';
import type { Audit, AuditValues } from '../audit.ts';
import { committed } from '../audit.ts';
import { type DhcpConfig, dhcpConfigToJson } from '../dhcp-config.ts';
import { type IpamConfig, ipamConfigToJson } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import { type Change, parseBytes, putJson } from './change.ts';

export const machinesExist: InventoryProblem = {
  kind: 'machines-exist',
  text: 'machines already exists: the IPAM configuration cannot be changed while any machine is registered',
};

/** The value says that it is not as the caller knew it; nothing was written then. */
type Put = Change<PreconditionFailed | undefined>;

/**
 * @param known a machine this server knows of, to be looked up rather than the whole fleet; undefined: look at all that
 * is there.
 */
export function putIpam(
  config: IpamConfig,
  terms: PutTerms,
  known: Serial | undefined,
  audit: Audit,
): Put {
  const json = ipamConfigToJson(config);
  return {
    lane: keys.ipam,
    reads:
      known === undefined
        ? { keys: [keys.ipam], prefixes: [keys.machines] }
        : { keys: [keys.ipam, keys.machine(known)] },
    decide: (view) => {
      const unexpected = whyNotExpected(view, keys.ipam, terms, 'the IPAM configuration');
      if (unexpected !== undefined) return { ok: true, value: unexpected, writes: [] };
      const found =
        known === undefined
          ? view.under(keys.machines).length > 0
          : view.get(keys.machine(known)) !== undefined;
      if (found) return fail(machinesExist);
      if (terms.dryRun === true) return { ok: true, value: undefined, writes: [] };
      return committed(
        undefined,
        [putJson(keys.ipam, json)],
        audit('config', 'put', JSON.stringify(json), valuesAt(view, keys.ipam, json)),
        [{ kind: 'none-under', prefix: keys.machines }],
      );
    },
  };
}

export function putDhcp(config: DhcpConfig, terms: PutTerms, audit: Audit): Put {
  const json = dhcpConfigToJson(config);
  return {
    lane: keys.dhcp,
    reads: { keys: [keys.dhcp] },
    decide: (view) => {
      const unexpected = whyNotExpected(view, keys.dhcp, terms, 'the DHCP configuration');
      if (unexpected !== undefined || terms.dryRun === true) {
        return { ok: true, value: unexpected, writes: [] };
      }
      return committed(
        undefined,
        [putJson(keys.dhcp, json)],
        audit('config', 'put', JSON.stringify(json), valuesAt(view, keys.dhcp, json)),
      );
    },
  };
}

/** A record that cannot be read is replaced like any other: there is nothing to show of it. */
function valuesAt(view: Pick<View, 'get'>, key: string, after: unknown): AuditValues {
  const entry = view.get(key);
  const before = entry === undefined ? undefined : parseBytes(entry.value);
  return { ...(before === undefined ? {} : { before }), after };
}
