/** Whether the database is one this server may write to. */

import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Store, type StoreProblem } from '../../base/store.ts';
import { keys, schemaVersion } from '../keys.ts';

/** How often another server may be first at marking a fresh database. */
const triesMax = 3;

/** A fresh database becomes ours; one of another schema is not touched. */
export async function checkSchema(
  store: Pick<Store, 'get' | 'commit'>,
): Promise<Result<void, StoreProblem>> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const found = await store.get([keys.version, keys.ipam]);
    if (!found.ok) return found;
    const entry = found.value.entries.find(({ key }) => key === keys.version);
    const version = entry === undefined ? undefined : new TextDecoder().decode(entry.value).trim();
    if (version === schemaVersion) return ok(undefined);
    if (found.value.entries.length > 0) return fail(otherSchema(version));
    const value = new TextEncoder().encode(schemaVersion);
    const committed = await store.commit(
      [keys.version, keys.ipam].map((key) => ({ kind: 'unmoved', key, modRevision: absent })),
      [{ kind: 'put', key: keys.version, value }],
    );
    if (!committed.ok) return committed;
    if (committed.value.kind === 'committed') return ok(undefined);
  }
  const text = `the key ${keys.version} keeps changing while this server starts`;
  return fail({ kind: 'store-unavailable', text });
}

function otherSchema(version: string | undefined): StoreProblem {
  const have =
    version === undefined
      ? 'has no schema version but an IPAM configuration, as Sabakan before 1.2 left it,'
      : `has schema version "${version}"`;
  const text =
    `the database ${have} and this server needs version ${schemaVersion}: ` +
    'tetsu migrate --check says what is in it; nothing was changed';
  return { kind: 'store-refused', text };
}
