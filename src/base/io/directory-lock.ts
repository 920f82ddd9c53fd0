/**
 * A directory belongs to one process: a lock file with its pid and start time.
 *
 * The start time tells a live owner from another program that was given the same pid later, so that a lock left behind
 * by a crash never needs a person to remove it.
 */

import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { fail, ok, type Result } from '../result.ts';

export type DirectoryLock = { readonly release: () => Promise<void> };

type Owner = { readonly pid: number; readonly startTime: string };

const attemptsMax = 5;

/** Fails with the pid of the process that holds the lock. */
export async function lockDirectory(path: string): Promise<Result<DirectoryLock, number>> {
  const own: Owner = { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' };
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      // `link` makes the whole file appear at once, and only where none is.
      if (await succeeds(link(draft, path)))
        return ok({ release: () => rm(path, { force: true }) });
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const owner = parseOwner(text);
      if (owner !== undefined && (await startTimeOf(owner.pid)) === owner.startTime) {
        return fail(owner.pid);
      }
      await removeStale(path, `${draft}.stale`, text);
    }
    return fail(0);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Takes the stale file away; if somebody was quicker and it is a live lock by now, puts it back. */
async function removeStale(path: string, aside: string, text: string): Promise<void> {
  if (!(await succeeds(rename(path, aside)))) return;
  if ((await readFile(aside, 'utf8').catch(() => text)) !== text) await succeeds(link(aside, path));
  await succeeds(unlink(aside));
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, startTime } = JSON.parse(text) as Partial<Owner>;
    return typeof pid === 'number' && typeof startTime === 'string'
      ? { pid, startTime }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Field 22 of /proc/PID/stat, in clock ticks since boot; undefined when there is no such process. One that has ended and
 * waits for its parent to notice (state Z or X) holds nothing any more: in a container without an init it may stay so
 * for ever.
 */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The command name may contain anything, so count from its closing parenthesis.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || /^[ZX]/.test(fields[0] ?? '') ? undefined : fields[19];
}

async function succeeds(action: Promise<unknown>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}
