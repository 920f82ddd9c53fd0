/** Kernel parameters per operating system: raw text under `kernel-params/<os>` (Sabakan 3.1.9). */

import { createMirror, type Freshness } from '../base/mirror.ts';
import { receipted } from '../base/receipt.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Revision, Store, StoreProblem } from '../base/store.ts';
import type { Transact, TransactProblem } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import { type Actor, auditWrite } from '../inventory/audit.ts';
import { areKernelParams } from './ipxe/word.ts';

export const kernelParamsBytesMax = 4_096;
const prefix = 'kernel-params/';
/** A write is answered when this server's own copy shows it, or after this long. */
const ownWriteTimeoutMs = 2_000;

export type KernelParamsProblem =
  | { readonly kind: 'os-invalid'; readonly text: string }
  | { readonly kind: 'kernel-params-invalid'; readonly text: string };

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
  ) => Promise<Result<{ readonly revision: Revision }, KernelParamsProblem | TransactProblem>>;
};

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
  const mirror = createMirror<string>({
    store,
    prefix,
    decode: (_, value) => ok(new TextDecoder().decode(value)),
    clock,
    log,
  });
  return {
    start: () => mirror.start(),
    stop: () => mirror.stop(),
    freshness: () => mirror.freshness(),
    get: (os) => mirror.get(os),
    parse,
    put: async (os, text, actor) => {
      if (!isOsId(os)) {
        const given = JSON.stringify(os.slice(0, 100));
        return fail({ kind: 'os-invalid', text: `${given} is no operating system such as coreos` });
      }
      const parsed = parse(text);
      if (!parsed.ok) return fail({ kind: 'kernel-params-invalid', text: parsed.error });
      const key = `${prefix}${os}`;
      const now = clock.now();
      const audit = () =>
        auditWrite(actor, now, chance, {
          category: 'kernel-params',
          instance: os,
          action: 'put',
          detail: text,
        });
      const value = new TextEncoder().encode(text);
      const result = await receipted(transact, actor.receipt)<undefined, never>(
        key,
        { keys: [key] },
        () => {
          const { write, condition } = audit();
          const writes = [{ kind: 'put', key, value } as const, write];
          return { ok: true, value: undefined, writes, conditions: [condition] };
        },
      );
      if (!result.ok) return result;
      await mirror.reached(result.value.revision, ownWriteTimeoutMs);
      return ok({ revision: result.value.revision });
    },
  };
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
