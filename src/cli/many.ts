/** One change to each of several things: progress while it runs, then what failed and why. */

import { exitCodes, Failure } from './failure.ts';

/** Called after each; `done` at the end, whatever happened. */
export type Progress = { readonly step: (text?: string) => void; readonly done: () => void };

export type Outcome<T> = {
  readonly name: string;
  readonly result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly failure: Failure };
};

/** At once: a server does not mind, and etcd commits what comes together in one transaction. */
const atOnceMax = 8;

export async function eachOf<T>(
  names: readonly string[],
  progress: Progress,
  change: (name: string, at: number) => Promise<T>,
): Promise<readonly Outcome<T>[]> {
  const outcomes: Outcome<T>[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < names.length; at = next++) {
      const name = names[at] ?? '';
      outcomes[at] = { name, result: await tried(() => change(name, at)) };
      progress.step(name);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnceMax, names.length) }, work));
  } finally {
    progress.done();
  }
  return outcomes;
}

async function tried<T>(change: () => Promise<T>): Promise<Outcome<T>['result']> {
  try {
    return { ok: true, value: await change() };
  } catch (problem) {
    if (problem instanceof Failure) return { ok: false, failure: problem };
    throw problem;
  }
}

/** Failures shown one by one; the rest is counted. */
const shownMax = 50;

/**
 * What a command ends with when not all went well: the only one's own failure, else each with its reason.
 * @param done as in `"labelled"`: 3 of 5 machines were labelled
 * @throws Failure unless all went well
 */
export function mustAllBeDone(
  outcomes: readonly Outcome<unknown>[],
  one: string,
  done: string,
): void {
  const failed = outcomes.flatMap(({ name, result }) =>
    result.ok ? [] : [{ name, failure: result.failure }],
  );
  const [first] = failed;
  if (first === undefined) return;
  if (outcomes.length === 1) throw first.failure;
  const lines = failed
    .slice(0, shownMax)
    .map(({ name, failure }) => `\n  ${name}: ${failure.message}`);
  const rest = failed.length > shownMax ? `\n  … and ${failed.length - shownMax} more` : '';
  const succeeded = outcomes.length - failed.length;
  const names = failed.map(({ name }) => name);
  throw new Failure(
    `${succeeded} of ${outcomes.length} ${one}s were ${done}, ${failed.length} were not:${lines.join('')}${rest}`,
    names.length <= shownMax
      ? `mend that and try these again: ${names.join(',')}`
      : first.failure.hint,
    succeeded === 0 ? first.failure.exitCode : exitCodes.partial,
  );
}
