/** One change of many machines in one request, and what became of each. */

import type { Send } from '../answer.ts';
import { exitCodeOfStatus, Failure } from '../failure.ts';
import type { Outcome } from '../many.ts';

/** As the API takes it for one machine (RFC 7396), or their removal. */
export type MachineChange =
  | {
      readonly patch: {
        readonly spec?: {
          readonly labels?: Readonly<Record<string, string | null>>;
          readonly retireDate?: string;
        };
        readonly status?: { readonly state: string; readonly reason?: { readonly text: string } };
      };
    }
  | { readonly delete: true };

type BulkItem = {
  readonly name: string;
  readonly outcome: 'changed' | 'unchanged' | 'failed';
  readonly problem?: { readonly type: string; readonly status: number; readonly detail: string };
};

export type Changed = { readonly isChanged: boolean };

/** As many as the server takes in one request. */
const atOnceMax = 20_000;

/**
 * The number goes with the names: when one of them is not there any more, nothing is done.
 * @throws Failure when the request as a whole is refused
 */
export async function changeMachines(
  send: Send,
  names: readonly string[],
  change: MachineChange,
  dryRun: boolean,
): Promise<readonly Outcome<Changed>[]> {
  const outcomes: Outcome<Changed>[] = [];
  for (let at = 0; at < names.length; at += atOnceMax) {
    const some = names.slice(at, at + atOnceMax);
    const body = { select: { names: some }, expect: some.length, ...change };
    const path = `/api/v2/bulk/machines${dryRun ? '?dryRun=true' : ''}`;
    const { status, body: answered } = await send('POST', path, body);
    if (status === 404) {
      throw new Failure('the server changes machines only one by one', 'is it an older version?');
    }
    const { items } = answered as { readonly items: readonly BulkItem[] };
    outcomes.push(...items.map(outcomeOf));
  }
  return outcomes;
}

function outcomeOf({ name, outcome, problem }: BulkItem): Outcome<Changed> {
  if (problem === undefined) {
    return { name, result: { ok: true, value: { isChanged: outcome === 'changed' } } };
  }
  const { status, detail, type } = problem;
  const kind = type.split(':').at(-1) ?? '';
  const refused = { status, kind, said: detail, errors: [] };
  return {
    name,
    result: { ok: false, failure: new Failure(detail, '', exitCodeOfStatus(status), refused) },
  };
}

/** `28 machines labelled, 2 were so already`; what failed is told elsewhere. */
export function summary(
  outcomes: readonly Outcome<Changed>[],
  done: string,
  dryRun: boolean,
): string {
  const succeeded = outcomes.flatMap(({ result }) => (result.ok ? [result.value] : []));
  const changed = succeeded.filter(({ isChanged }) => isChanged).length;
  const same = succeeded.length - changed;
  const was = same === 1 ? 'was' : 'were';
  const already = same === 0 ? '' : `, ${same} ${was} so already`;
  const note = dryRun ? ' (dry run: nothing was changed)' : '';
  return `${counted(changed, 'machine')} ${done}${already}${note}`;
}

export function counted(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}

/** For questions: all of a few, the first of many. */
export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).join(', ');
  return names.length > namesShownMax ? `${shown} and ${names.length - namesShownMax} more` : shown;
}

const namesShownMax = 12;
