/**
 * Receipts of requests that came with an `Idempotency-Key`: kept a day and more under the UTC day on which they were
 * made, so that whole days go at once.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Condition, type Entry, type Revision, type Store } from '../../base/store.ts';
import { addMs, formatInstant, type Instant } from '../../base/time.ts';
import type { TransactProblem } from '../../base/transact.ts';
import type { Clock } from '../../base/world.ts';
import { pack, unpack } from './packed.ts';

export type StoredAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What is known of a request that was carried out. */
export type ReceiptRecord = {
  /** SHA-256 of all that was asked. */
  readonly asked: string;
  /** Not yet, or never: the server that carried it out may have died before. */
  readonly isAnswered: boolean;
  /** Undefined also where it was too large to be kept. */
  readonly answer: StoredAnswer | undefined;
  /** Of the change; once the answer is written down, of that. */
  readonly revision: Revision;
};

export type Receipts = {
  readonly find: (name: string) => Promise<Result<ReceiptRecord | undefined, TransactProblem>>;
  /** What a change takes with it into its commit; undefined: this server has given out all it may today. */
  readonly begin: (name: string, asked: string) => Begun | undefined;
  /** Leaves the receipt before anything is done; false: somebody else has. */
  readonly claim: (begun: Begun) => Promise<Result<boolean, TransactProblem>>;
  /** Nothing was done after all: the same request may come again. */
  readonly giveBack: (begun: Begun) => Promise<Result<unknown, TransactProblem>>;
  /** Writes down the answer, beside the receipt where a change left one. */
  readonly complete: (begun: Begun, answer: StoredAnswer) => Promise<Result<void, TransactProblem>>;
};

export type Begun = {
  readonly key: string;
  readonly value: Uint8Array;
  readonly guards: readonly string[];
  readonly asked: string;
};

/** Of one server in a UTC day: 100,000 receipts are 20 MB in the store. */
export const receiptsPerDayMax = 100_000;
/** Answers beyond it are packed. */
const plainCharactersMax = 4 * 1024;
/** What one takes in the store, packed: some 10,000 machines. Larger ones are not kept; what they tell is read again. */
const answerCharactersMax = 256 * 1024;
/** Of the answers of one server in a day; the store has room for 2 GiB in all. */
const answerCharactersPerDayMax = 64 * 1024 * 1024;

const prefix = 'tetsukan/receipts/';
const dayMs = 86_400_000;
/** Two servers do not agree when a day begins; a commit under way is over by then. */
const clocksDifferMs = 5 * 60_000;
/** A receipt made at the beginning of a day is good until the end of the next one. */
const keptDays = 2;
/** Days before those are swept up together, once a day; after a longer rest of the whole fleet some may stay. */
const sweptDays = 40;

export function createReceipts(deps: {
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
}): Receipts {
  const { store, clock } = deps;
  let today = '';
  let begun = 0;
  let characters = 0;

  const turn = (now: Instant): void => {
    const day = dayOf(now);
    if (day === today) return;
    today = day;
    begun = 0;
    characters = 0;
    const old = Array.from({ length: sweptDays }, (_, at) =>
      dayOf(addMs(now, -(keptDays + 1 + at) * dayMs)),
    );
    const writes = old.map((one) => ({ kind: 'delete-under', prefix: dayPrefix(one) }) as const);
    // Whoever turns the next day tries again what could not be done now.
    void store.commit([], writes);
  };

  return {
    find: async (name) => {
      const now = clock.now();
      const days = new Set([
        dayOf(addMs(now, clocksDifferMs)),
        dayOf(now),
        dayOf(addMs(now, -dayMs)),
      ]);
      const got = await store.get([...days].map((day) => keyOf(day, name)));
      if (!got.ok) return got;
      const [entry] = got.value.entries;
      return ok(entry === undefined ? undefined : await decode(entry));
    },
    begin: (name, asked) => {
      const now = clock.now();
      turn(now);
      if (begun >= receiptsPerDayMax) return undefined;
      begun += 1;
      const near = [addMs(now, -clocksDifferMs), now, addMs(now, clocksDifferMs)];
      const guards = [...new Set(near.map(dayOf))].map((day) => keyOf(day, name));
      const at = formatInstant(now);
      return { key: keyOf(dayOf(now), name), value: encode({ asked, at }), guards, asked };
    },
    claim: async ({ key, value, guards }) => {
      const none = guards.map((guard): Condition => {
        return { kind: 'unmoved', key: guard, modRevision: absent };
      });
      const done = await store.commit(none, [{ kind: 'put', key, value }]);
      return done.ok ? ok(done.value.kind === 'committed') : done;
    },
    giveBack: ({ key }) => store.commit([], [{ kind: 'delete', key }]),
    complete: async ({ key, guards, asked }, answer) => {
      const got = await store.get(guards);
      if (!got.ok) return got;
      const [entry] = got.value.entries;
      const place = entry?.key ?? key;
      const conditions = guards.map((guard): Condition => {
        const modRevision = guard === entry?.key ? entry.modRevision : absent;
        return { kind: 'unmoved', key: guard, modRevision };
      });
      const isLong = answer.body.length > plainCharactersMax;
      const body = isLong ? await pack(answer.body) : answer.body;
      const size = body.length;
      const isKept = size <= answerCharactersMax && characters + size <= answerCharactersPerDayMax;
      if (isKept) characters += size;
      const kept = isKept ? { answer: { ...answer, body }, isPacked: isLong } : {};
      const value = encode({ asked, at: formatInstant(clock.now()), isAnswered: true, ...kept });
      const done = await store.commit(conditions, [{ kind: 'put', key: place, value }]);
      if (!done.ok) return done;
      if (done.value.kind === 'committed') return ok(undefined);
      return fail({ kind: 'contended', text: 'the same request was answered elsewhere, too' });
    },
  };
}

function dayOf(at: Instant): string {
  return formatInstant(at).slice(0, 10).replaceAll('-', '');
}

function dayPrefix(day: string): string {
  return `${prefix}${day}/`;
}

function keyOf(day: string, name: string): string {
  return `${dayPrefix(day)}${name}`;
}

function encode(json: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(json));
}

/** One that cannot be read is a receipt nonetheless: of a request that is no other's. */
async function decode({ value, modRevision }: Entry): Promise<ReceiptRecord> {
  try {
    const json = JSON.parse(new TextDecoder().decode(value)) as {
      readonly asked?: unknown;
      readonly isAnswered?: boolean;
      readonly answer?: StoredAnswer;
      readonly isPacked?: boolean;
    };
    const { asked, isAnswered = false, isPacked = false } = json;
    const answer =
      json.answer && isPacked
        ? { ...json.answer, body: await unpack(json.answer.body) }
        : json.answer;
    return { asked: String(asked), isAnswered, answer, revision: modRevision };
  } catch {
    return { asked: '', isAnswered: true, answer: undefined, revision: modRevision };
  }
}
