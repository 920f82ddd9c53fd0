/** What changes about assets in the store: each change is one commit, with its audit record. */

import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Store, Write } from '../../base/store.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite } from '../../inventory/audit.ts';
import {
  type Asset,
  assetKeys,
  decodeAsset,
  encodeRecord,
  type PublishedAsset,
  urlsWith,
} from './asset.ts';
import { type AssetProblem, brokenRecord, racedAsset, unknownAsset } from './asset-problem.ts';

export type AssetFailure = AssetProblem | TransactProblem;

export type AssetRecords = {
  /** From the store itself: a server's own copy may be late. */
  readonly read: (name: string) => Promise<Result<Asset | undefined, AssetFailure>>;
  /**
   * Takes the next id; it is gone even when nothing comes of the upload.
   * @param highest the highest id known to be in use: a counter that was lost must not give it again.
   */
  readonly nextId: (highest: number) => Promise<Result<string, AssetFailure>>;
  /** @param replaces the id of the present version; `asset-raced` when it is another one by now. */
  readonly save: (
    record: PublishedAsset,
    replaces: string | undefined,
    actor: Actor,
    terms: PutTerms,
  ) => Promise<Result<Revision, AssetFailure>>;
  /** What `save` would be refused for by its terms now; answers whether the name is new. */
  readonly tried: (name: string, terms: PutTerms) => Promise<Result<boolean, AssetFailure>>;
  readonly remove: (
    name: string,
    actor: Actor,
    terms: PutTerms,
  ) => Promise<Result<Revision, AssetFailure>>;
  /** Adds a URL where this version can be had; `asset-unknown` when it was replaced or removed meanwhile. */
  readonly offer: (
    asset: Pick<Asset, 'name' | 'id'>,
    url: string,
  ) => Promise<Result<Revision, AssetFailure>>;
};

export function createAssetRecords(deps: {
  readonly store: Pick<Store, 'get'>;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance'>;
}): AssetRecords {
  const { store, transact } = deps;
  const { clock, chance } = deps.world;

  /** @param decide answers the writes, or why not. */
  const change = async (
    name: string,
    decide: (present: Uint8Array | undefined) => Result<readonly Write[], AssetProblem>,
    audited?: { readonly actor: Actor; readonly action: string; readonly detail: string },
    terms: PutTerms = {},
  ): Promise<Result<Revision, AssetFailure>> => {
    const key = assetKeys.record(name);
    const audit =
      audited &&
      auditWrite(audited.actor, clock.now(), chance, {
        category: 'assets',
        instance: name,
        action: audited.action,
        detail: audited.detail,
      });
    const once = receipted(transact, audited?.actor.receipt);
    const done = await once<PreconditionFailed | undefined, AssetProblem>(
      key,
      { keys: [key] },
      (view) => {
        const writes = decide(view.get(key)?.value);
        if (!writes.ok) return writes;
        const failed = whyNotExpected(view, key, terms, `asset ${name}`);
        if (failed !== undefined || terms.dryRun === true) {
          return { ok: true, value: failed, writes: [] };
        }
        return {
          ok: true,
          value: undefined,
          writes: audit === undefined ? writes.value : [...writes.value, audit.write],
          conditions: audit === undefined ? [] : [audit.condition],
        };
      },
    );
    const result = settled(done);
    return result.ok ? ok(result.value.revision) : result;
  };

  return {
    read: async (name) => {
      const got = await store.get([assetKeys.record(name)]);
      return got.ok ? decoded(name, got.value.entries[0]?.value) : got;
    },
    nextId: async (highest) => {
      const key = assetKeys.lastId;
      const given = await transact<string, AssetProblem>(key, { keys: [key] }, (view) => {
        const bytes = view.get(key)?.value;
        const text = bytes === undefined ? '0' : new TextDecoder().decode(bytes).trim();
        if (!/^[0-9]{1,14}$/.test(text)) {
          const shown = JSON.stringify(text.slice(0, 100));
          return fail(brokenRecord(key, `${shown} is no decimal number`));
        }
        const id = String(Math.max(Number(text), highest) + 1);
        const value = new TextEncoder().encode(id);
        return { ok: true, value: id, writes: [{ kind: 'put', key, value }] };
      });
      return given.ok ? ok(given.value.value) : given;
    },
    save: (record, replaces, actor, terms) => {
      const { name, sha256 } = record;
      const decide = (bytes: Uint8Array | undefined): Result<readonly Write[], AssetProblem> => {
        const present = decoded(name, bytes);
        if (!present.ok) return present;
        if (present.value?.id !== replaces) return fail(racedAsset(name));
        return ok([{ kind: 'put', key: assetKeys.record(name), value: encodeRecord(record) }]);
      };
      const detail = `new checksum: ${sha256}`;
      return change(name, decide, { actor, action: 'put', detail }, terms);
    },
    // One that cannot be read can still be removed: whoever asks for it names it.
    tried: async (name, terms) => {
      let isNew = true;
      const decide = (bytes: Uint8Array | undefined): Result<readonly Write[], AssetProblem> => {
        const present = decoded(name, bytes);
        if (!present.ok) return present;
        isNew = present.value === undefined;
        return ok([]);
      };
      const tried = await change(name, decide, undefined, { ...terms, dryRun: true });
      return tried.ok ? ok(isNew) : tried;
    },
    remove: (name, actor, terms) =>
      change(
        name,
        (bytes) =>
          bytes === undefined
            ? fail(unknownAsset(name))
            : ok([{ kind: 'delete', key: assetKeys.record(name) }]),
        { actor, action: 'delete', detail: '' },
        terms,
      ),
    offer: ({ name, id }, url) =>
      change(name, (bytes) => {
        const present = decoded(name, bytes);
        if (!present.ok) return present;
        if (present.value?.id !== id) return fail(unknownAsset(name));
        const urls = urlsWith(present.value.urls, url);
        if (urls === undefined) return ok([]);
        const value = encodeRecord({ ...present.value.record, urls });
        return ok([{ kind: 'put', key: assetKeys.record(name), value }]);
      }),
  };
}

function decoded(
  name: string,
  bytes: Uint8Array | undefined,
): Result<Asset | undefined, AssetProblem> {
  if (bytes === undefined) return ok(undefined);
  const asset = decodeAsset(name, bytes);
  return asset.ok ? asset : fail(brokenRecord(assetKeys.record(name), asset.error));
}
