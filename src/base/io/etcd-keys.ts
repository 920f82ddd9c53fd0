/** Our relative keys as etcd's bytes, and etcd's entries as ours. */

import type { IKeyValue } from 'etcd3';
import type { Entry, Revision } from '../store.ts';

/** Where commits leave the mark by which their outcome can be found out. Nobody else's business. */
export const commitsPrefix = 'tetsukan/commits/';

/** Whether a key found under `prefix` is a mark of ours that was not asked for. */
export function isMark(key: string, prefix: string): boolean {
  return key.startsWith(commitsPrefix) && !prefix.startsWith(commitsPrefix);
}

export type KeySpace = {
  readonly toBytes: (key: string) => Buffer;
  readonly toKey: (bytes: Buffer) => string;
  /** `[key, range_end)` of everything that starts with `prefix`. */
  readonly range: (prefix: string) => { readonly key: Buffer; readonly range_end: Buffer };
  readonly toEntry: (kv: IKeyValue) => Entry;
};

export function keySpace(root: string): KeySpace {
  const rootBytes = Buffer.from(root).length;
  const toBytes = (key: string) => Buffer.from(root + key);
  const toKey = (bytes: Buffer) => bytes.toString('utf8', rootBytes);
  return {
    toBytes,
    toKey,
    range: (prefix) => {
      const key = toBytes(prefix);
      // etcd reads an empty key as "no key given"; a zero byte is the first key there is.
      if (key.length === 0) return { key: Buffer.from([0]), range_end: Buffer.from([0]) };
      return { key, range_end: firstAfter(key) };
    },
    toEntry: (kv) => ({
      key: toKey(kv.key),
      value: kv.value,
      modRevision: kv.mod_revision as Revision,
      createRevision: kv.create_revision as Revision,
    }),
  };
}

/** The first key that does not start with `prefix`. UTF-8 has no 0xff, so the last byte can be counted up. */
function firstAfter(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
