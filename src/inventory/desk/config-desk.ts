/** The two configurations, of addresses (IPAM) and of DHCP: one record each, read from memory. */

import type { Transacted } from '../../base/decision.ts';
import type { Mirror } from '../../base/mirror.ts';
import { type PreconditionFailed, type PutTerms, settled } from '../../base/put-terms.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision } from '../../base/store.ts';
import type { TransactProblem } from '../../base/transact.ts';
import type { Actor, Audit, AuditCategory } from '../audit.ts';
import { type DhcpConfig, parseDhcpConfig } from '../dhcp-config.ts';
import type { Inventory } from '../inventory.ts';
import { type IpamConfig, parseIpamConfig } from '../ipam-config.ts';
import { keys } from '../keys.ts';
import type { Serial } from '../machine.ts';
import type { InventoryProblem } from '../problem.ts';
import type { Change } from './change.ts';
import { putDhcp, putIpam } from './config-changes.ts';

export type MirrorOf = <V>(
  prefix: string,
  decode: (key: string, value: Uint8Array) => Result<V, string>,
) => Mirror<V>;

export type ConfigDesk = Pick<Inventory, 'putIpam' | 'putDhcp'> & {
  /** Under the empty key. */
  readonly ipam: Mirror<IpamConfig>;
  readonly dhcp: Mirror<DhcpConfig>;
  readonly records: Records<IpamConfig | DhcpConfig>;
};

export function createConfigDesk(deps: {
  readonly mirrorOf: MirrorOf;
  readonly run: <T>(
    change: Change<T>,
    actor: Actor,
  ) => Promise<Result<Transacted<T>, InventoryProblem | TransactProblem>>;
  readonly shown: (mirror: Mirror<unknown>, revision: Revision) => Promise<void>;
  readonly audited: (actor: Actor, category: AuditCategory) => Audit;
  /** One that is registered: it proves that there are some. */
  readonly anyMachine: () => Serial | undefined;
}): ConfigDesk {
  const { mirrorOf, run, shown, audited, anyMachine } = deps;
  const ipam = mirrorOf(keys.ipam, single(parseIpamConfig));
  const dhcp = mirrorOf(keys.dhcp, single(parseDhcpConfig));
  const records = createRecords<IpamConfig | DhcpConfig>(
    new Map<string, Mirror<IpamConfig | DhcpConfig>>([
      [keys.ipam, ipam],
      [keys.dhcp, dhcp],
    ]),
    'as-heard',
  );

  const writeConfig = async (
    change: Change<PreconditionFailed | undefined>,
    mirror: Mirror<unknown>,
    { dryRun }: PutTerms,
    actor: Actor,
  ): ReturnType<Inventory['putIpam']> => {
    const result = settled(await run(change, actor));
    if (!result.ok) return result;
    const { revision } = result.value;
    if (dryRun !== true) await shown(mirror, revision);
    return ok({ revision });
  };

  return {
    ipam,
    dhcp,
    records,
    putIpam: async (config, actor, terms = {}) => {
      const audit = audited(actor, 'ipam');
      const known = anyMachine();
      const put = await writeConfig(putIpam(config, terms, known, audit), ipam, terms, actor);
      // That machine is gone, but others may have come: look at all there is. So does a dry run, which proves nothing.
      const unclear =
        known !== undefined && (put.ok ? terms.dryRun === true : put.error.kind === 'contended');
      return unclear
        ? writeConfig(putIpam(config, terms, undefined, audit), ipam, terms, actor)
        : put;
    },
    putDhcp: (config, actor, terms = {}) =>
      writeConfig(putDhcp(config, terms, audited(actor, 'dhcp')), dhcp, terms, actor),
  };
}

/** A mirror over a single key: other keys with the same beginning are not ours. */
function single<V>(
  parse: (json: unknown) => Result<V, string>,
): (key: string, value: Uint8Array) => Result<V, string> {
  return (key, value) => {
    if (key !== '') return fail('not the key of a configuration');
    try {
      return parse(JSON.parse(new TextDecoder().decode(value)));
    } catch (problem) {
      return fail(`not JSON: ${problem instanceof Error ? problem.message : 'unreadable'}`);
    }
  };
}
