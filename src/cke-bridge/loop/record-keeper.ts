/** The bridge's record in the store: read once, then changed under the leader's fence and nobody else's feet. */

import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Condition, type Revision } from '../../base/store.ts';
import type { World } from '../../base/world.ts';
import {
  type BridgeRecord,
  decodeRecord,
  emptyRecord,
  encodeRecord,
  recordBytesMax,
  recordKey,
} from '../record-json.ts';
import type { Refusal } from '../refusal.ts';

export type Kept = { readonly record: BridgeRecord; readonly modRevision: Revision };

export type KeepProblem =
  | { readonly kind: 'too-large'; readonly text: string }
  | { readonly kind: 'not-leading'; readonly text: string }
  /** Another server wrote, or our own write came through unseen: read it anew. */
  | { readonly kind: 'conflict'; readonly text: string }
  | { readonly kind: 'store'; readonly text: string };

export type RecordKeeper = {
  readonly load: () => Promise<Result<Kept, Refusal>>;
  /** Replaces the record that was read at `before`. */
  readonly keep: (record: BridgeRecord, before: Revision) => Promise<Result<Kept, KeepProblem>>;
};

/** @param fence the leader's claim as a condition; undefined when this server does not lead. Absent: there is no other. */
export function createRecordKeeper(
  store: World['store'],
  fence: (() => Condition | undefined) | undefined,
): RecordKeeper {
  return {
    load: async () => {
      const listing = await store.get([recordKey]);
      if (!listing.ok) return unreadable(`the store cannot be read: ${listing.error.text}`);
      const [entry] = listing.value.entries;
      if (entry === undefined) return ok({ record: emptyRecord, modRevision: absent });
      const record = decodeRecord(entry.value);
      return record.ok
        ? ok({ record: record.value, modRevision: entry.modRevision })
        : unreadable(`the record ${recordKey} cannot be read: ${record.error}`);
    },
    keep: async (record, before) => {
      const value = encodeRecord(record);
      if (value.length > recordBytesMax) {
        const text = `the cluster's record has ${value.length} bytes, at most ${recordBytesMax} fit into the store; lower nodes-max`;
        return fail({ kind: 'too-large', text });
      }
      const held = fence?.();
      if (fence !== undefined && held === undefined) {
        return fail({ kind: 'not-leading', text: 'this server does not lead any more' });
      }
      const unmoved: Condition = { kind: 'unmoved', key: recordKey, modRevision: before };
      const conditions = held === undefined ? [unmoved] : [held, unmoved];
      const committed = await store.commit(conditions, [{ kind: 'put', key: recordKey, value }]);
      if (!committed.ok) return fail({ kind: 'store', text: committed.error.text });
      return committed.value.kind === 'committed'
        ? ok({ record, modRevision: committed.value.revision })
        : fail({ kind: 'conflict', text: 'another server changed the record' });
    },
  };
}

function unreadable(text: string): Result<never, Refusal> {
  return fail({
    kind: 'record-unreadable',
    holds: 'everything',
    text,
    numbers: {},
    release: `goes on by itself once ${recordKey} can be read`,
  });
}
