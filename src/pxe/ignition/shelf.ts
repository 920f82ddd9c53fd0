/** Ignition templates by role and version: kept in the store, read from memory. */

import { createMirror, type Freshness, ownWriteTimeoutMs } from '../../base/mirror.ts';
import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Revision, type Store, type StoreProblem } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite, committed } from '../../inventory/audit.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { Role } from '../../inventory/machine.ts';
import { policyIn, policyPrefixes, type StillNamed, stillNamed, whoPins } from '../choice/named.ts';
import {
  describeRenderProblem,
  exampleMachine,
  type IgnitionTemplate,
  type RenderSettings,
  renderIgnition,
} from './render.ts';
import { decodeTemplate, encodeTemplate } from './template-json.ts';
import { compareVersions, parseVersion } from './version.ts';

/**
 * Per role; the lowest versions beyond this go when a new one comes (Sabakan 3.1.9). Those that a rule or a channel names
 * stay and do not count.
 */
export const templatesPerRoleMax = 10;

export const ignitionsPrefix = 'ignitions/';

export type TemplateProblem =
  | { readonly kind: 'template-exists'; readonly text: string }
  | { readonly kind: 'template-unknown'; readonly text: string }
  | { readonly kind: 'template-invalid'; readonly text: string }
  | StillNamed
  | PreconditionFailed;

export type TemplateShelf = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Ascending by version; empty when the role has none. */
  readonly ids: (role: Role) => readonly string[];
  /** Keys whose templates cannot be read, and why; `ids` names them, nothing boots with them. */
  readonly broken: () => ReadonlyMap<string, string>;
  readonly get: (role: Role, id: string) => IgnitionTemplate | undefined;
  /** The highest version: what machines of the role boot with. */
  readonly latest: (
    role: Role,
  ) => { readonly id: string; readonly template: IgnitionTemplate } | undefined;
  /** Tries the template with an example machine first, so it needs the IPAM configuration. */
  readonly put: (
    role: Role,
    id: string,
    template: IgnitionTemplate,
    ipam: IpamConfig | undefined,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<{ revision: Revision }, TemplateProblem | TransactProblem>>;
  readonly remove: (
    role: Role,
    id: string,
    actor: Actor,
    terms?: PutTerms,
  ) => Promise<Result<{ revision: Revision }, TemplateProblem | TransactProblem>>;
  /** By `ignitions/<role>/<id>`. */
  readonly records: Records<IgnitionTemplate>;
  /** Ids of one role, the one that boots last. */
  readonly inOrder: (ids: readonly string[]) => readonly string[];
};

export function createTemplateShelf(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  readonly urls: Pick<RenderSettings, 'advertiseUrl' | 'advertiseUrlHttps'>;
}): TemplateShelf {
  const { store, transact, urls } = deps;
  const { clock, chance, log } = deps.world;
  const mirror = createMirror<IgnitionTemplate>({
    store,
    prefix: ignitionsPrefix,
    decode: (_, value) => decodeTemplate(value),
    clock,
    log,
  });
  const records = createRecords(new Map([[ignitionsPrefix, mirror]]));

  const ids = (role: Role, keys: Iterable<string>): readonly string[] =>
    inVersionOrder(
      [...keys]
        .filter((key) => key.startsWith(`${role}/`))
        .map((key) => key.slice(role.length + 1)),
    );
  const readable = (): readonly string[] => mirror.entries().map(([key]) => key);

  const written = async <T extends { revision: Revision }, E>(
    result: Result<T, E>,
  ): Promise<Result<T, E>> => {
    if (result.ok) await mirror.reached(result.value.revision, ownWriteTimeoutMs);
    return result;
  };

  /** Made anew for each try of a transaction: what a refused one ran into may have been the record's key. */
  const auditOf = (role: Role, actor: Actor) => {
    const now = clock.now();
    return (action: 'put' | 'delete' | 'prune', detail: string) =>
      auditWrite(actor, now, chance, { category: 'ignition', instance: role, action, detail });
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    ids: (role) => ids(role, [...readable(), ...mirror.broken().keys()]),
    broken: records.broken,
    get: (role, id) => mirror.get(`${role}/${id}`),
    latest: (role) => {
      const id = ids(role, readable()).at(-1);
      const template = id === undefined ? undefined : mirror.get(`${role}/${id}`);
      return id === undefined || template === undefined ? undefined : { id, template };
    },
    records,
    inOrder: inVersionOrder,
    put: async (role, id, template, ipam, actor, terms = {}) => {
      const invalid = whyInvalid(id, template, ipam, { ...urls, now: clock.now() });
      if (invalid !== undefined) return fail({ kind: 'template-invalid', text: invalid });
      const key = `${ignitionsPrefix}${role}/${id}`;
      const roleFolder = `${ignitionsPrefix}${role}/`;
      const audit = auditOf(role, actor);
      const once = receipted(transact, actor.receipt);
      const reads = { keys: [key], prefixes: [roleFolder, ...policyPrefixes] };
      type Put = { readonly failed: PreconditionFailed | undefined; readonly isSeen: boolean };
      const result = await once<Put, TemplateProblem>(roleFolder, reads, (view) => {
        if (view.get(key) !== undefined) {
          return fail({
            kind: 'template-exists',
            text: `template ${id} of role ${role} exists; templates never change, use a new id`,
          } as const);
        }
        const failed = whyNotExpected(view, key, terms, `template ${id} of role ${role}`);
        if (failed !== undefined || terms.dryRun === true) {
          return { ok: true, value: { failed, isSeen: false }, writes: [] };
        }
        const present = view.under(roleFolder).map((entry) => entry.key.slice(roleFolder.length));
        const policy = policyIn(view);
        const kept = inVersionOrder([...present, id]).filter(
          (one) => whoPins(policy, ({ templates }) => templates.get(role) === one) === undefined,
        );
        const dropped = kept.slice(0, Math.max(kept.length - templatesPerRoleMax, 0));
        const pruned = dropped.filter((old) => old !== id);
        const records = [audit('put', id), ...dropped.map((old) => audit('prune', old))];
        const writes = [
          ...(dropped.includes(id)
            ? []
            : [{ kind: 'put', key, value: encodeTemplate(template) } as const]),
          ...pruned.map((old) => ({ kind: 'delete', key: roleFolder + old }) as const),
        ];
        const isNew = { kind: 'unmoved', key, modRevision: absent } as const;
        const value = { failed: undefined, isSeen: writes.length > 0 };
        return committed(value, writes, records, [isNew]);
      });
      if (!result.ok) return result;
      const { revision, value } = result.value;
      if (value.failed !== undefined) return fail(value.failed);
      // A version below ten others goes at once: nothing of it will ever come back to be waited for.
      return value.isSeen ? written(ok({ revision })) : ok({ revision });
    },
    remove: async (role, id, actor, terms = {}) => {
      const key = `${ignitionsPrefix}${role}/${id}`;
      const audit = auditOf(role, actor);
      const once = receipted(transact, actor.receipt);
      const lane = `${ignitionsPrefix}${role}/`;
      const result = await once<PreconditionFailed | undefined, TemplateProblem>(
        lane,
        { keys: [key], prefixes: policyPrefixes },
        (view) => {
          if (view.get(key) === undefined) {
            const text = `role ${role} has no template ${id}`;
            return fail({ kind: 'template-unknown', text } as const);
          }
          const failed = whyNotExpected(view, key, terms, `template ${id} of role ${role}`);
          const by = whoPins(policyIn(view), ({ templates }) => templates.get(role) === id);
          if (failed === undefined && by !== undefined) {
            return fail(stillNamed(`template ${id} of role ${role}`, by));
          }
          if (failed !== undefined || terms.dryRun === true) {
            return { ok: true, value: failed, writes: [] };
          }
          return committed(undefined, [{ kind: 'delete', key }], audit('delete', id));
        },
      );
      const done = settled(result);
      // Nothing is written in a dry run: the newest revision it looked at may be that of a rule.
      return terms.dryRun === true ? done : written(done);
    },
  };
}

/** Ascending by version; ids that are none (left by somebody else) come first, so they never boot a machine. */
function inVersionOrder(ids: readonly string[]): readonly string[] {
  return ids.toSorted((a, b) => {
    const [x, y] = [parseVersion(a), parseVersion(b)];
    if (x === undefined || y === undefined)
      return (x === undefined ? 0 : 1) - (y === undefined ? 0 : 1);
    return compareVersions(x, y) || (a < b ? -1 : a > b ? 1 : 0);
  });
}

function whyInvalid(
  id: string,
  template: IgnitionTemplate,
  ipam: IpamConfig | undefined,
  settings: RenderSettings,
): string | undefined {
  if (parseVersion(id) === undefined) return `id "${id}" is not a version such as 1.2.0`;
  if (ipam === undefined)
    return 'IPAMConfig is not set: the template is tried with an example machine, which needs it';
  const rendered = renderIgnition(
    template,
    exampleMachine(ipam, formatInstant(settings.now)),
    settings,
  );
  return rendered.ok ? undefined : describeRenderProblem(rendered.error);
}
