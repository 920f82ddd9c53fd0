/** Kernel parameters per operating system: raw text under `kernel-params/<os>` (Sabakan 3.1.9). */

import { createMirror, type Freshness, ownWriteTimeoutMs } from '../base/mirror.ts';
import {
  type PreconditionFailed,
  type PutTerms,
  settled,
  whyNotExpected,
} from '../base/put-terms.ts';
import { receipted } from '../base/receipt.ts';
import { createRecords, type Records } from '../base/records.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Revision, Store, StoreProblem, Write } from '../base/store.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, auditWrite } from '../inventory/audit.ts';
import { areKernelParams } from './ipxe/word.ts';

export const kernelParamsBytesMax = 4_096;
const prefix = 'kernel-params/';

export type KernelParamsProblem =
  | { readonly kind: 'os-invalid'; readonly text: string }
  | { readonly kind: 'kernel-params-invalid'; readonly text: string }
  | { readonly kind: 'kernel-params-unknown'; readonly text: string }
  | PreconditionFailed;

type Written = Promise<
  Result<{ readonly revision: Revision }, KernelParamsProblem | TransactProblem>
>;

export type KernelParams = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Undefined when they were never set. */
  readonly get: (os: string) => string | undefined;
  /** Whether `put` would take this text. */
  readonly parse: (text: string) => Result<string, string>;
  /** Empty text is valid. The audit record is part of the commit. */
  readonly put: (os: string, text: string, actor: Actor, terms?: PutTerms) => Written;
  readonly remove: (os: string, actor: Actor, terms?: PutTerms) => Written;
  /** By `kernel-params/<os>`. */
  readonly records: Records<OsParams>;
};

export type OsParams = { readonly os: string; readonly params: string };

export function isOsId(text: string): boolean {
  return /^[a-z0-9.]+$/.test(text) && text !== '.' && text !== '..' && text.length <= 64;
}

export function createKernelParams(deps: {
  readonly store: Store;
  readonly transact: Transact;
  readonly world: Pick<World, 'clock' | 'chance' | 'log'>;
}): KernelParams {
  const { store, transact } = deps;
  const { clock, chance, log } = deps.world;
  const mirror = createMirror<OsParams>({
    store,
    prefix,
    decode: (os, value) => ok({ os, params: new TextDecoder().decode(value) }),
    clock,
    log,
  });
  const records = createRecords(new Map([[prefix, mirror]]));

  /** @param value undefined: they are taken away. */
  const write = async (
    os: string,
    value: string | undefined,
    actor: Actor,
    terms: PutTerms,
  ): Written => {
    const key = `${prefix}${os}`;
    const now = clock.now();
    const audit = () =>
      auditWrite(actor, now, chance, {
        category: 'kernel-params',
        instance: os,
        action: value === undefined ? 'delete' : 'put',
        detail: value ?? '',
      });
    const result = await receipted(transact, actor.receipt)<
      PreconditionFailed | undefined,
      KernelParamsProblem
    >(key, { keys: [key] }, (view) => {
      if (value === undefined && view.get(key) === undefined) return fail(unset(os));
      const failed = whyNotExpected(view, key, terms, `the kernel parameters of ${os}`);
      if (failed !== undefined || terms.dryRun === true) {
        return { ok: true, value: failed, writes: [] };
      }
      const { write: record, condition } = audit();
      const change: Write =
        value === undefined
          ? { kind: 'delete', key }
          : { kind: 'put', key, value: new TextEncoder().encode(value) };
      return { ok: true, value: undefined, writes: [change, record], conditions: [condition] };
    });
    const done = settled(result);
    if (!done.ok) return done;
    await mirror.reached(done.value.revision, ownWriteTimeoutMs);
    return ok({ revision: done.value.revision });
  };

  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    get: (os) => mirror.get(os)?.params,
    records,
    parse,
    put: async (os, text, actor, terms = {}) => {
      if (!isOsId(os)) {
        const given = JSON.stringify(os.slice(0, 100));
        return fail({ kind: 'os-invalid', text: `${given} is no operating system such as coreos` });
      }
      const parsed = parse(text);
      if (!parsed.ok) return fail({ kind: 'kernel-params-invalid', text: parsed.error });
      return write(os, text, actor, terms);
    },
    remove: (os, actor, terms = {}) => write(os, undefined, actor, terms),
  };
}

function unset(os: string): KernelParamsProblem {
  return { kind: 'kernel-params-unknown', text: `no kernel parameters are set for ${os}` };
}

function parse(text: string): Result<string, string> {
  if (text.length > kernelParamsBytesMax) {
    return fail(`kernel params are longer than ${kernelParamsBytesMax} characters`);
  }
  return areKernelParams(text)
    ? ok(text)
    : fail(
        'kernel params is not valid: letters, digits, spaces and - . , / : ; < = > ? @ [ \\ ] ^ _',
      );
}
