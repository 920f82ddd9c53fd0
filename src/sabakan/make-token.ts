/** `tetsu token create --config FILE`: the first token of a fleet that takes no request without one. Needs no server. */

import { hostname } from 'node:os';
import { createRealWorld } from '../base/io/real-world.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { createTransact } from '../base/transact.ts';
import { auditOf } from '../inventory/audit.ts';
import { systemSecrets } from './io/secrets.ts';
import { tokenJson } from './v2/token-json.ts';
import type { TokenWish } from './who/token-wish.ts';
import { prepareToken } from './who/tokens.ts';
import {
  type StoreCommandProblem,
  type StoreSource,
  toStandardError,
  withStore,
} from './with-store.ts';

/** The same answer as that of `POST /api/v2/tokens`, made in etcd itself. */
export function makeToken(
  source: StoreSource,
  wish: TokenWish,
  user: string,
): Promise<Result<unknown, StoreCommandProblem>> {
  return withStore(source, async (store): Promise<Result<unknown, StoreCommandProblem>> => {
    const world = createRealWorld({ store, log: toStandardError });
    try {
      const now = world.clock.now();
      const actor = { user, ip: '', host: hostname() };
      const audit = auditOf(actor, now, world.chance, 'tokens');
      const prepared = prepareToken(wish, actor, systemSecrets, now, audit);
      if (!prepared.ok) return fail({ kind: 'usage', text: prepared.error.text });
      const { change, text } = prepared.value;
      const made = await createTransact(store, world)(change.lane, change.reads, change.decide);
      if (!made.ok) return fail({ kind: 'store', text: made.error.text });
      const { value, revision } = made.value;
      return ok({ ...tokenJson(value, revision, undefined, now), bearer: text });
    } finally {
      await world.close();
    }
  });
}
