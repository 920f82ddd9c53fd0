/** Kernel parameters per operating system: raw text under `kernel-params/<os>` (Sabakan 3.1.9). */

import type { Freshness } from '../base/mirror.ts';
import type { PutTerms } from '../base/put-terms.ts';
import type { Records } from '../base/records.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store, StoreProblem } from '../base/store.ts';
import type { Transact } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { Actor } from '../inventory/audit.ts';
import { createRecordDesk, type RecordWritten } from '../inventory/record-desk.ts';
import { areKernelParams } from './ipxe/word.ts';

export const kernelParamsBytesMax = 4_096;
const prefix = 'kernel-params/';

export type KernelParamsProblem =
  | { readonly kind: 'os-invalid'; readonly text: string }
  | { readonly kind: 'kernel-params-invalid'; readonly text: string }
  | { readonly kind: 'kernel-params-unknown'; readonly text: string };

export type KernelParams = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly freshness: () => Freshness;
  /** Undefined when they were never set. */
  readonly get: (os: string) => string | undefined;
  /** Whether `put` would take this text. */
  readonly parse: (text: string) => Result<string, string>;
  /** Empty text is valid. The audit record is part of the commit. */
  readonly put: (
    os: string,
    text: string,
    actor: Actor,
    terms?: PutTerms,
  ) => RecordWritten<KernelParamsProblem>;
  readonly remove: (
    os: string,
    actor: Actor,
    terms?: PutTerms,
  ) => RecordWritten<KernelParamsProblem>;
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
  const { mirror, records, change } = createRecordDesk<OsParams, KernelParamsProblem>(deps, {
    prefix,
    decode: (os, stored) => ok({ os, params: new TextDecoder().decode(stored) }),
    form: 'text',
    category: 'kernel-params',
    called: (os) => `the kernel parameters of ${os}`,
    unknown: unset,
  });

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
      return change({ name: os, text }, actor, terms);
    },
    remove: (os, actor, terms = {}) => change({ name: os, text: undefined }, actor, terms),
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
