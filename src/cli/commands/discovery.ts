/** `tetsu approve` and `tetsu reject`: which discovered machines are meant, and what became of each. */

import type { DiscoveryV2 } from '../../sabakan/contract/discovery.ts';
import type { Get, Send } from '../answer.ts';
import { exitCodeOfStatus, exitCodes, Failure } from '../failure.ts';
import type { Outcome } from '../many.ts';
import { discoveryNoun } from '../nouns/discovery.ts';
import { listAll } from './list.ts';

/** What is decided about all that are named. */
export type Verdict =
  | { readonly approve: Readonly<Record<string, unknown>> }
  | { readonly reject: { readonly reason: string } };

export type DecidedOne = { readonly serial: string | null };

/**
 * Names are ids, MAC addresses in any form, or serial numbers.
 *
 * @throws Failure when one names nothing, or several machines
 */
export async function meantDiscoveries(
  get: Get,
  names: readonly string[],
  fieldSelector: string | undefined,
): Promise<readonly DiscoveryV2[]> {
  if (names.length === 0 && fieldSelector === undefined) {
    throw new Failure(
      'no discovery is named: a decision is never about all of them by default',
      'name them (SERIAL, MAC or ID) or select by --field-selector; tetsu get discoveries lists them',
      exitCodes.usage,
    );
  }
  const { objects } = await listAll(get, discoveryNoun, { fieldSelector });
  const all = objects as readonly DiscoveryV2[];
  if (names.length === 0) return all;
  const found = names.map((name) => oneNamed(all, name));
  return [...new Set(found)];
}

function oneNamed(all: readonly DiscoveryV2[], name: string): DiscoveryV2 {
  const id = name.toLowerCase().replace(/[:.-]/g, '');
  const byId = all.find((one) => one.id.replaceAll('-', '') === id);
  if (byId !== undefined) return byId;
  const bySerial = all.filter(({ serial }) => serial === name);
  const open = bySerial.filter(({ state }) => state === 'waiting');
  const [first, ...others] = open.length > 0 ? open : bySerial;
  if (first === undefined) {
    throw new Failure(
      `no discovered machine is called ${JSON.stringify(name)}`,
      'tetsu get discoveries lists them by id and serial; upper and lower case matter',
      exitCodes.notFound,
    );
  }
  if (others.length === 0) return first;
  const ids = [first, ...others].map((one) => one.id).join(', ');
  throw new Failure(
    `${others.length + 1} machines say that they are ${name}: ${ids}`,
    'name one of them by its id; tetsu describe discovery ID tells them apart',
    exitCodes.conflict,
  );
}

type BulkItem = {
  readonly name: string;
  readonly outcome: 'done' | 'failed';
  readonly serial: string | null;
  readonly problem?: { readonly type: string; readonly status: number; readonly detail: string };
};

/** One of them by its own address, several in one request that says how many they are. */
export async function decide(
  send: Send,
  ids: readonly string[],
  verdict: Verdict,
  dryRun: boolean,
): Promise<readonly Outcome<DecidedOne>[]> {
  const query = dryRun ? '?dryRun=true' : '';
  const [only = ''] = ids;
  if (ids.length === 1) {
    const [verb, body] =
      'approve' in verdict ? ['approve', verdict.approve] : ['reject', verdict.reject];
    const { status, body: answer } = await send(
      'POST',
      `/api/v2/discoveries/${only}/${verb}${query}`,
      body,
    );
    if (status === 404) {
      throw new Failure(`${only} is gone`, 'tetsu get discoveries', exitCodes.notFound);
    }
    const { decision } = answer as { readonly decision: DecidedOne | null };
    return [{ name: only, result: { ok: true, value: { serial: decision?.serial ?? null } } }];
  }
  const body = { select: { names: ids }, expect: ids.length, ...verdict };
  const { body: answer } = await send('POST', `/api/v2/bulk/discoveries${query}`, body);
  return (answer as { readonly items: readonly BulkItem[] }).items.map(outcomeOf);
}

function outcomeOf({ name, problem, serial }: BulkItem): Outcome<DecidedOne> {
  if (problem === undefined) return { name, result: { ok: true, value: { serial } } };
  const { status, detail, type } = problem;
  const refused = { status, kind: type.split(':').at(-1) ?? '', said: detail, errors: [] };
  const failure = new Failure(detail, '', exitCodeOfStatus(status), refused);
  return { name, result: { ok: false, failure } };
}
