/** Runs all checks side by side: each has its own time, and one that hangs or fails never hides the others. */

import type { Clock } from '../../base/world.ts';
import { type DoctorFinding, type Look, problem } from './finding.ts';

export type Check = {
  /** One word, which stands before what it finds: `etcd`. */
  readonly name: string;
  readonly look: () => readonly Look[] | Promise<readonly Look[]>;
};

/** Longer than any dependency is asked once, shorter than a person waits. */
export const checkWithinMs = 15_000;
/** Of one check: what is wrong a thousand times is wrong once for a reader. */
export const looksMax = 25;

/** @returns what each check found, in the order of the checks; the worst first within a check. */
export async function examine(
  checks: readonly Check[],
  clock: Pick<Clock, 'after'>,
  withinMs: number = checkWithinMs,
): Promise<readonly DoctorFinding[]> {
  const found = await Promise.all(checks.map((check) => boundedLook(check, clock, withinMs)));
  return found.flat();
}

async function boundedLook(
  { name, look }: Check,
  clock: Pick<Clock, 'after'>,
  withinMs: number,
): Promise<readonly DoctorFinding[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly Look[]>();
  const cancel = clock.after(withinMs, () =>
    resolve([
      problem(
        name,
        `this check had not ended after ${withinMs / 1000} seconds; the others are not affected`,
        'what it asks hangs: look at the processes and disks it names in docs/doctor.md, then run it again',
      ),
    ]),
  );
  const looks = await Promise.race([looked(name, look), late]);
  cancel();
  return shortened(looks).map((one) => ({ check: name, ...one }));
}

async function looked(name: string, look: Check['look']): Promise<readonly Look[]> {
  try {
    return await look();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      problem(name, `this check failed: ${why}`, 'a fault of the doctor; the log has more of it'),
    ];
  }
}

const worst = { problem: 0, warning: 1, ok: 2 } as const;

function shortened(looks: readonly Look[]): readonly Look[] {
  const sorted = looks.toSorted((a, b) => worst[a.level] - worst[b.level]);
  const more = sorted.slice(looksMax);
  const [first] = more;
  if (first === undefined) return sorted;
  const text = `and ${more.length} more of this check, not shown`;
  return [
    ...sorted.slice(0, looksMax),
    { level: first.level, subject: 'more', found: text, advice: 'mend these, then run it again' },
  ];
}
