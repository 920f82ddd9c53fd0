/**
 * Records of one kind, each under a key of its own: kept in the store, read from memory, put and taken away one by one
 * with their audit records. Every server sees the same ones.
 */

import { createMirror, type Mirror, ownWriteTimeoutMs } from '../base/mirror.ts';
import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../base/put-terms.ts';
import { receipted } from '../base/receipt.ts';
import { createRecords, type Records } from '../base/records.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Revision, Store, Write } from '../base/store.ts';
import type { Reads, Transact, TransactProblem, View } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import {
  type Actor,
  type AuditCategory,
  type AuditValues,
  auditWrite,
  committed,
} from './audit.ts';

/** What all records of the kind have in common. */
export type RecordKind<V, P> = {
  readonly prefix: string;
  /** Gets the key without the prefix; its error says what is wrong with the record. */
  readonly decode: (name: string, stored: Uint8Array) => Result<V, string>;
  /** Records of JSON are in the audit as they were and as they are. */
  readonly form: 'json' | 'text';
  readonly category: AuditCategory;
  /** For the audit; absent: the name. */
  readonly instance?: (name: string) => string;
  /** For refusals, such as `the network x`. */
  readonly called: (name: string) => string;
  /** What is to be taken away is not there. */
  readonly unknown: (name: string) => P;
  /** For what changes of this record contend; absent: for its key. */
  readonly lane?: string;
};

export type RecordChange<P> = {
  readonly name: string;
  /** As it shall be stored; undefined: it is taken away. */
  readonly text: string | undefined;
  /** What `whyNot`, `also` and `isThere` look at, beside the record. */
  readonly reads?: Partial<Reads>;
  /** Asked when the record is as the caller's terms have it. */
  readonly whyNot?: (view: View) => P | undefined;
  /** Written with it, and not in a dry run. */
  readonly also?: (view: View) => readonly Write[];
  /** Absent: when its key is. */
  readonly isThere?: (view: View) => boolean;
};

export type RecordWritten<P> = Promise<
  Result<{ readonly revision: Revision }, P | PreconditionFailed | TransactProblem>
>;

export type RecordDesk<V, P> = {
  readonly mirror: Mirror<V>;
  /** By whole key. */
  readonly records: Records<V>;
  /** Records that cannot be read, by whole key, and why. */
  readonly broken: () => ReadonlyMap<string, string>;
  /** The audit record is part of the commit; answered when this server's own copy shows it. */
  readonly change: (change: RecordChange<P>, actor: Actor, terms: PutTerms) => RecordWritten<P>;
};

export function createRecordDesk<V, P>(
  deps: {
    readonly store: Store;
    readonly transact: Transact;
    readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
  },
  kind: RecordKind<V, P>,
): RecordDesk<V, P> {
  const { store, transact } = deps;
  const { clock, chance, log } = deps.world;
  const { prefix, decode, category, form, called, unknown } = kind;
  const mirror = createMirror<V>({ store, prefix, decode, clock, log });
  const records = createRecords(new Map([[prefix, mirror]]));

  return {
    mirror,
    records,
    broken: records.broken,
    change: async ({ name, text, reads, whyNot, also, isThere }, actor, terms) => {
      const key = prefix + name;
      const now = clock.now();
      /** Otherwise the revision is that of something of which this copy never hears. */
      let isSeen = false;
      const result = await receipted(transact, actor.receipt)<PreconditionFailed | undefined, P>(
        kind.lane ?? key,
        { ...reads, keys: [key, ...(reads?.keys ?? [])] },
        (view) => {
          isSeen = false;
          const before = view.get(key);
          const isKnown = before !== undefined || isThere?.(view) === true;
          if (text === undefined && !isKnown) return fail(unknown(name));
          const failed = whyNotExpected(view, key, terms, called(name));
          if (failed !== undefined) return { ok: true, value: failed, writes: [] };
          const why = whyNot?.(view);
          if (why !== undefined) return fail(why);
          if (terms.dryRun === true) return { ok: true, value: undefined, writes: [] };
          const record = auditWrite(actor, now, chance, {
            category,
            instance: kind.instance?.(name) ?? name,
            action: text === undefined ? 'delete' : 'put',
            detail: text ?? '',
            ...(form === 'json' ? valuesOf(before?.value, text) : {}),
          });
          const own: Write =
            text === undefined
              ? { kind: 'delete', key }
              : { kind: 'put', key, value: new TextEncoder().encode(text) };
          isSeen = text !== undefined || before !== undefined;
          return committed(undefined, [own, ...(also?.(view) ?? [])], record);
        },
      );
      const done = settled(result);
      if (!done.ok) return done;
      const { revision } = done.value;
      if (isSeen) await mirror.reached(revision, ownWriteTimeoutMs);
      return ok({ revision });
    },
  };
}

function valuesOf(before: Uint8Array | undefined, after: string | undefined): AuditValues {
  return {
    before: before && readable(new TextDecoder().decode(before)),
    after: after && readable(after),
  };
}

/** What was no JSON is not kept. */
function readable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
