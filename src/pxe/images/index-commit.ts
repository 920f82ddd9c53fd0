/** What changes about images in the store: index, deletions, hashes and audit in one commit. */

import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotThisOne,
} from '../../base/put-terms.ts';
import { receipted } from '../../base/receipt.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, Write } from '../../base/store.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { type Actor, auditWrite, committed } from '../../inventory/audit.ts';
import type { BootPolicy } from '../boot-policy.ts';
import { policyIn, policyPrefixes } from '../choice/named.ts';
import {
  decodeDeleted,
  decodeHashes,
  decodeIndex,
  encodeHashes,
  encodeIndex,
  encodeJson,
  type HashRecord,
  type ImageIndex,
  type IndexChange,
  imageKeys,
} from './image-json.ts';
import { brokenIndex, type ImageProblem } from './image-problem.ts';
import type { ImageHashes } from './shelf.ts';

/** As the store has it at this moment. */
export type StoredIndex = {
  readonly index: ImageIndex;
  readonly deleted: readonly string[];
  /** Of the image that the change is about. */
  readonly hashes: HashRecord | undefined;
  /** Rules and channels, whose images stay; empty where nobody asked for the change, since that drops none. */
  readonly policy: BootPolicy;
};

export type IndexCommit = (
  id: string,
  /** Undefined: nothing is to be changed. */
  change: (stored: StoredIndex) => Result<IndexChange | undefined, ImageProblem>,
  more: {
    /** Of the files, to be recorded with the date that the index then has. */
    readonly sha256?: ImageHashes;
    /** Absent: nobody asked for it, so nobody is named. */
    readonly terms?: PutTerms;
    readonly asked?: { readonly by: Actor; readonly action: 'upload' | 'delete' };
  },
) => Promise<
  Result<
    {
      readonly revision: Revision;
      /** Otherwise the revision may be that of a rule or channel, of which the copies of images hear nothing. */
      readonly wrote: boolean;
    },
    ImageProblem | TransactProblem
  >
>;

const { index: indexKey, deleted: deletedKey, hashes: hashesKey } = imageKeys;
const lane = indexKey;
const noPolicy: BootPolicy = { rules: [], channels: new Map() };

export function createIndexCommit(deps: {
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance'>;
}): IndexCommit {
  const { transact } = deps;
  const { clock, chance } = deps.world;
  return async (id, change, { sha256, asked, terms = {} }) => {
    const now = clock.now();
    const audit = (by: Actor, action: 'upload' | 'delete' | 'prune', whose: string) =>
      auditWrite(by, now, chance, {
        category: 'image',
        instance: 'coreos',
        action,
        detail: `id=${whose}`,
      });
    const keys = [indexKey, deletedKey, hashesKey(id)];
    let wrote = false;
    const once = receipted(transact, asked?.by.receipt);
    const result = await once<PreconditionFailed | undefined, ImageProblem>(
      lane,
      { keys, ...(asked === undefined ? {} : { prefixes: policyPrefixes }) },
      (view) => {
        wrote = false;
        const present = decodeIndex(view.get(indexKey)?.value);
        if (!present.ok) return fail(brokenIndex(present.error));
        const next = change({
          index: present.value,
          deleted: decodeDeleted(view.get(deletedKey)?.value),
          hashes: decodeHashes(view.get(hashesKey(id))?.value),
          policy: asked === undefined ? noPolicy : policyIn(view),
        });
        if (!next.ok) return next;
        const isThere = present.value.some((image) => image.id === id);
        const failed = whyNotThisOne(isThere, view.revisionOf(indexKey), terms, `image ${id}`);
        if (failed !== undefined) return { ok: true, value: failed, writes: [] };
        if (next.value === undefined || terms.dryRun === true)
          return { ok: true, value: undefined, writes: [] };
        wrote = true;
        const { index, deleted, dropped } = next.value;
        const writes: Write[] = [{ kind: 'put', key: indexKey, value: encodeIndex(index) }];
        const date = index.find((image) => image.id === id)?.date;
        if (sha256 !== undefined && date !== undefined) {
          writes.push({ kind: 'put', key: hashesKey(id), value: encodeHashes({ sha256, date }) });
        }
        if (dropped.length > 0) {
          writes.push({ kind: 'put', key: deletedKey, value: encodeJson(deleted) });
          for (const gone of dropped) writes.push({ kind: 'delete', key: hashesKey(gone) });
        }
        if (asked === undefined) return { ok: true, value: undefined, writes };
        // An upload that is one too many drops the oldest; that is part of the story, too.
        const pruned = dropped.filter((gone) => gone !== id);
        const records = [
          audit(asked.by, asked.action, id),
          ...pruned.map((gone) => audit(asked.by, 'prune', gone)),
        ];
        return committed(undefined, writes, records);
      },
    );
    const done = settled(result);
    return done.ok ? ok({ revision: done.value.revision, wrote }) : done;
  };
}
