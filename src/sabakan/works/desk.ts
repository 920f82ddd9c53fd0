/**
 * The desk of long work: every server sees all of it. Whoever does it writes how far it is, at least every few seconds;
 * work of which nothing is heard for longer belongs to a server that is gone, and any other says so.
 */

import { createMirror, ownWriteTimeoutMs } from '../../base/mirror.ts';
import { createRecords, type Records } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Revision, StoreProblem, Write } from '../../base/store.ts';
import { formatInstant } from '../../base/time.ts';
import type { Transact, TransactProblem } from '../../base/transact.ts';
import type { World } from '../../base/world.ts';
import { decodeWork, encodeWork, type Work, type WorkState, workKey, worksPrefix } from './work.ts';

export type WorkProblem =
  | { readonly kind: 'operation-unknown'; readonly text: string }
  | { readonly kind: 'operation-ended'; readonly text: string }
  | { readonly kind: 'operations-busy'; readonly text: string };

/** Work under way on this server. */
export type WorkUnderWay = {
  readonly work: Work;
  readonly progress: (done: number) => void;
  /** It was asked to end early, or its server is ending. */
  readonly isCancelled: () => boolean;
  readonly end: (state: 'succeeded' | 'failed' | 'cancelled', result: unknown) => Promise<void>;
  /** It ran into a bug of ours. */
  readonly broke: (bug: unknown) => Promise<void>;
};

export type Works = {
  readonly start: () => Promise<Result<void, StoreProblem>>;
  readonly stop: () => void;
  readonly records: Records<Work>;
  readonly begin: (
    about: Pick<Work, 'kind' | 'by'> & { readonly total: number; readonly unit: string },
  ) => Promise<Result<WorkUnderWay, WorkProblem | TransactProblem>>;
  /** Asks it to end early. */
  readonly cancel: (
    id: string,
    dryRun: boolean,
  ) => Promise<
    Result<{ readonly work: Work; readonly revision: Revision }, WorkProblem | TransactProblem>
  >;
};

/** Kept in the store; the oldest that have ended go first. */
const worksMax = 1_000;
/** Of one server. */
const runningMax = 32;
/** More are pruned by whoever comes next. */
const prunedAtOnceMax = 20;
const flushMs = 1_000;
const heartbeatMs = 5_000;
/** Several heartbeats: a store that elects a leader delays them. */
const silentMs = 30_000;
/** The end is written this often, a second apart; then somebody else will call it interrupted. */
const endTriesMax = 20;

export function createWorks(deps: {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly transact: Transact;
  readonly serverName: string;
}): Works {
  const { transact, serverName } = deps;
  const { clock, chance, log, store } = deps.world;
  const mirror = createMirror<Work>({
    store,
    prefix: worksPrefix,
    decode: (_, value) => decodeWork(value),
    clock,
    log,
  });
  const records = createRecords(new Map([[worksPrefix, mirror]]));
  const own = new Set<string>();
  const silences = new Map<string, () => void>();
  let isStopping = false;

  /** Undefined: it is not there, or `next` leaves it as it is. */
  const change = async (id: string, next: (work: Work) => Work | undefined) => {
    const key = workKey(id);
    return transact<Work | undefined, never>(key, { keys: [key] }, (view) => {
      const entry = view.get(key);
      const work = entry && decodeWork(entry.value);
      const after = work?.ok === true ? next(work.value) : undefined;
      if (after === undefined) return { ok: true, value: undefined, writes: [] };
      const write: Write = { kind: 'put', key, value: encodeWork(after) };
      return { ok: true, value: after, writes: [write] };
    });
  };

  const nowText = (): string => formatInstant(clock.now());

  /** Of work of other servers, and of what this one did before it was started anew. */
  const listen = (id: string, work: Work | undefined): void => {
    silences.get(id)?.();
    silences.delete(id);
    if (work?.state !== 'running' || own.has(id) || isStopping) return;
    const fallSilent = () => {
      silences.delete(id);
      void change(id, (now) => {
        if (now.state !== 'running' || now.updatedAt !== work.updatedAt) return undefined;
        return { ...now, state: 'interrupted', endedAt: nowText() };
      }).then((done) => {
        if (!done.ok && !isStopping) listen(id, work);
      });
    };
    silences.set(id, clock.after(silentMs, fallSilent));
  };
  mirror.subscribe((changes) => {
    for (const { key, value } of changes) listen(key, value);
  });

  const tooOld = (): readonly string[] => {
    const all = mirror.entries();
    const ended = all.filter(([, { state }]) => state !== 'running').map(([id]) => id);
    const over = Math.min(all.length + 1 - worksMax, prunedAtOnceMax);
    // Ids begin with the time.
    return over > 0 ? ended.slice(0, over) : [];
  };

  const newId = (): string => {
    const time = clock.now().toString(16).padStart(11, '0');
    const salt = Math.floor(chance.next() * 0x100_0000);
    return `${time}${salt.toString(16).padStart(6, '0')}`;
  };

  const underWay = (work: Work): WorkUnderWay => {
    const { id } = work;
    let { done } = work.progress;
    let written = done;
    let writtenMs = clock.monotonicMs();
    let isOver = false;
    let cancel = () => {};
    const flush = async (): Promise<void> => {
      const isDue = clock.monotonicMs() - writtenMs >= heartbeatMs;
      if (done !== written || isDue) {
        const upTo = done;
        const result = await change(id, (now) => {
          if (now.state !== 'running') return undefined;
          return { ...now, updatedAt: nowText(), progress: { ...now.progress, done: upTo } };
        });
        if (result.ok) {
          written = upTo;
          writtenMs = clock.monotonicMs();
        }
      }
      if (!isOver) cancel = clock.after(flushMs, () => void flush());
    };
    cancel = clock.after(flushMs, () => void flush());
    const end: WorkUnderWay['end'] = async (state, result) => {
      isOver = true;
      cancel();
      const ended: WorkState = isStopping && state === 'cancelled' ? 'interrupted' : state;
      for (let tries = 0; tries < endTriesMax; tries += 1) {
        const at = nowText();
        const said = await change(id, (now) => ({
          ...now,
          state: ended,
          updatedAt: at,
          endedAt: at,
          progress: { ...now.progress, done },
          result,
        }));
        if (said.ok || isStopping) break;
        log.warn('the end of an operation could not be written', { id, text: said.error.text });
        await new Promise<void>((go) => clock.after(flushMs, go));
      }
      own.delete(id);
      listen(id, mirror.get(id));
    };
    return {
      work,
      end,
      broke: (bug) => {
        const text = bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
        log.error('an operation failed', { id, text });
        return end('failed', { detail: 'a fault of this server; its log has it' });
      },
      progress: (count) => {
        done = count;
      },
      isCancelled: () => isStopping || mirror.get(id)?.isCancelAsked === true,
    };
  };

  return {
    start: mirror.start,
    stop: () => {
      isStopping = true;
      for (const cancel of silences.values()) cancel();
      silences.clear();
      mirror.stop();
    },
    records,
    begin: async ({ kind, by, total, unit }) => {
      if (own.size >= runningMax) {
        const text = `${runningMax} operations are under way on this server; wait for one, or ask another server`;
        return fail({ kind: 'operations-busy', text });
      }
      const id = newId();
      const at = nowText();
      const work: Work = {
        id,
        kind,
        by,
        server: serverName,
        startedAt: at,
        updatedAt: at,
        endedAt: null,
        state: 'running',
        isCancelAsked: false,
        progress: { done: 0, total, unit },
        result: null,
      };
      own.add(id);
      const key = workKey(id);
      const gone = tooOld().map((old) => ({ kind: 'delete', key: workKey(old) }) as const);
      const begun = await transact<undefined, never>(key, { keys: [key] }, () => ({
        ok: true,
        value: undefined,
        writes: [{ kind: 'put', key, value: encodeWork(work) }, ...gone],
      }));
      if (!begun.ok) {
        own.delete(id);
        return begun;
      }
      await mirror.reached(begun.value.revision, ownWriteTimeoutMs);
      return ok(underWay(work));
    },
    cancel: async (id, dryRun) => {
      const known = mirror.get(id);
      if (known === undefined) {
        const text = `no operation has the id ${JSON.stringify(id.slice(0, 80))}; the last ${worksMax} are kept`;
        return fail({ kind: 'operation-unknown', text });
      }
      const asked = { ...known, isCancelAsked: true };
      const revision = records.get(workKey(id))?.revision ?? ('0' as Revision);
      if (known.state !== 'running') return fail(ended(known));
      if (dryRun || known.isCancelAsked) return ok({ work: asked, revision });
      const done = await change(id, (work) =>
        work.state === 'running' ? { ...work, isCancelAsked: true } : undefined,
      );
      if (!done.ok) return done;
      const { value, revision: at } = done.value;
      await mirror.reached(at, ownWriteTimeoutMs);
      return value === undefined
        ? fail(ended(mirror.get(id) ?? known))
        : ok({ work: value, revision: at });
    },
  };
}

function ended({ id, state }: Work): WorkProblem {
  return {
    kind: 'operation-ended',
    text: `the operation ${id} is ${state}; nothing is left to cancel`,
  };
}
