import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { fail } from '../../src/base/result.ts';
import type { Condition, Revision, Store, Write } from '../../src/base/store.ts';
import { createTransact, type Decision, type View } from '../../src/base/transact.ts';
import { manualClock, seededChance, settled } from '../support/clock.ts';

const text = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value);
const bytes = (value: string) => new TextEncoder().encode(value);
const put = (key: string, value: string): Write => ({ kind: 'put', key, value: bytes(value) });

const increment =
  (key: string) =>
  (view: View): Decision<number, never> => {
    const next = Number(text(view.get(key)?.value) ?? '0') + 1;
    return { ok: true, value: next, writes: [put(key, String(next))] };
  };
const count = (key: string) => ({ keys: [key] });

function setUp(store: Store = createMemoryStore()) {
  const clock = manualClock();
  const chance = seededChance();
  return { store, clock, transact: createTransact(store, { clock, chance }) };
}

async function read(store: Store, key: string): Promise<string | undefined> {
  const got = await store.get([key]);
  return got.ok ? text(got.value.entries[0]?.value) : undefined;
}

describe('transact', () => {
  it('folds decisions of one lane that wait into one commit, in order', async () => {
    const { store, transact } = setUp();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => transact('lane', count('n'), increment('n'))),
    );
    expect(answers.map((answer) => (answer.ok ? answer.value.value : answer))).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    expect(await read(store, 'n')).toBe('100');
    expect(transact.counters()).toMatchObject({ commits: 1, reads: 1, decided: 100 });
  });

  it('needs one round trip for the next change of keys it has seen', async () => {
    const { transact } = setUp();
    await transact('lane', count('n'), increment('n'));
    await transact('lane', count('n'), increment('n'));
    expect(transact.counters()).toMatchObject({ commits: 2, reads: 1 });
  });

  it('decides again when another writer moved a remembered key', async () => {
    const { store, transact } = setUp();
    await transact('lane', count('n'), increment('n'));
    await store.commit([], [put('n', '41')]);
    const answer = await transact('lane', count('n'), increment('n'));
    expect(answer).toMatchObject({ ok: true, value: { value: 42 } });
    expect(transact.counters()).toMatchObject({ moved: 1 });
  });

  it('never refuses on remembered state', async () => {
    const { store, transact } = setUp();
    await transact('lane', count('n'), increment('n'));
    await store.commit([], [{ kind: 'delete', key: 'n' }]);
    const answer = await transact('lane', count('n'), (view) =>
      view.get('n') ? fail('taken') : { ok: true, value: 'free', writes: [put('n', 'mine')] },
    );
    expect(answer).toMatchObject({ ok: true, value: { value: 'free' } });
  });

  it('never answers without a write on remembered state', async () => {
    const { store, transact } = setUp();
    await transact('lane', count('n'), increment('n'));
    await store.commit([], [put('n', '7')]);
    const answer = await transact('lane', count('n'), (view) => ({
      ok: true,
      value: text(view.get('n')?.value),
      writes: [],
    }));
    expect(answer).toMatchObject({ ok: true, value: { value: '7' } });
  });

  it('answers without a write carry the newest change among what was read', async () => {
    const { store, transact } = setUp();
    const written = await transact('lane', count('n'), increment('n'));
    await store.commit([], [put('unrelated', 'x')]);
    const answer = await transact('lane', count('n'), () => ({ ok: true, value: 0, writes: [] }));
    expect(answer.ok && answer.value.revision).toBe(written.ok && written.value.revision);
  });

  it('two transactors on one key lose no update', async () => {
    const store = createMemoryStore();
    const clock = manualClock();
    const one = createTransact(store, { clock, chance: seededChance(1) });
    const two = createTransact(store.session(), { clock, chance: seededChance(2) });
    const all = Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        if (at % 3 === 0) await settled();
        return (at % 2 === 0 ? one : two)('lane', count('n'), increment('n'));
      }),
    );
    for (let turn = 0; turn < 50; turn++) await clock.run(20);
    expect((await all).every((answer) => answer.ok)).toBe(true);
    expect(await read(store, 'n')).toBe('200');
  });

  it('a refusal in a folded batch leaves the others standing', async () => {
    const { transact } = setUp();
    const answers = await Promise.all([
      transact('lane', count('n'), increment('n')),
      transact('lane', count('n'), () => fail({ kind: 'no' as const })),
      transact('lane', count('n'), increment('n')),
    ]);
    expect(answers).toMatchObject([
      { ok: true, value: { value: 1 } },
      { ok: false, error: { kind: 'no' } },
      { ok: true, value: { value: 2 } },
    ]);
  });

  it('a decision that throws is heard of by its caller alone', async () => {
    const { transact } = setUp();
    const broken = transact('lane', count('n'), () => {
      throw new Error('a bug');
    });
    const fine = transact('lane', count('n'), increment('n'));
    await expect(broken).rejects.toThrow('a bug');
    expect(await fine).toMatchObject({ ok: true });
  });

  it('one decision with more writes than a commit takes is too large, and nothing is written', async () => {
    const { store, transact } = setUp();
    const writes = Array.from({ length: store.writesMax + 1 }, (_, at) => put(`k/${at}`, 'x'));
    const answer = await transact('lane', { keys: [] }, () => ({ ok: true, value: 0, writes }));
    expect(answer).toMatchObject({ ok: false, error: { kind: 'too-large' } });
    expect(await store.list('k/')).toMatchObject({ ok: true, value: { entries: [] } });
  });

  it('splits what waits over as many commits as the store needs', async () => {
    const { store, transact } = setUp();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        transact('lane', count(`k/${at}`), increment(`k/${at}`)),
      ),
    );
    expect(answers.every((answer) => answer.ok)).toBe(true);
    // One condition each.
    expect(transact.counters().commits).toBe(Math.ceil(300 / store.conditionsMax));
  });

  it('splits what waits when it weighs more than the store takes at once', async () => {
    const { store, transact } = setUp();
    const value = 'x'.repeat(Math.floor(store.bytesMax / 3));
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, at) =>
        transact('lane', { keys: [] }, () => ({
          ok: true,
          value: at,
          writes: [put(`k/${at}`, value)],
        })),
      ),
    );
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(transact.counters().commits).toBe(3);
    const heavy = [put('k/heavy', 'x'.repeat(store.bytesMax))];
    const refused = await transact('lane', { keys: [] }, () => ({
      ok: true,
      value: 0,
      writes: heavy,
    }));
    expect(refused).toMatchObject({ ok: false, error: { kind: 'too-large' } });
  });

  it('unproven keys are read and are no conditions; what proves them is', async () => {
    for (const [kind, tries] of [
      ['quiet-under', 2],
      ['none-born-under', 1],
    ] as const) {
      const store = createMemoryStore();
      await store.commit([], [put('p/a', '1')]);
      let interfered = false;
      const racing: Store = {
        ...store,
        commit: async (conditions, writes) => {
          if (!interfered) await store.commit([], [put('p/a', '2')]);
          interfered = true;
          return store.commit(conditions, writes);
        },
      };
      const { transact } = setUp(racing);
      const seen: (string | undefined)[] = [];
      await transact('lane', { keys: [], unproven: ['p/a', 'p/b'] }, (view) => {
        const entry = view.get('p/a');
        seen.push(entry && new TextDecoder().decode(entry.value));
        const since = view.readAt;
        return {
          ok: true,
          value: 0,
          writes: [put('sum', '1')],
          conditions: [{ kind, prefix: 'p/', since }],
        };
      });
      expect(seen).toEqual(['1', '2'].slice(0, tries));
    }
  });

  it('an answer that rests on nothing stored is of no revision: no mirror would ever hear of one', async () => {
    const store = createMemoryStore();
    const { transact } = setUp(store);
    await store.commit([], [put('elsewhere', '1')]);
    const looked = await transact('lane', count('n'), () => ({ ok: true, value: 0, writes: [] }));
    expect(looked).toEqual({ ok: true, value: { value: 0, revision: '0' } });
  });

  it('a decision on unproven keys is never made on what others have only decided to write', async () => {
    const { transact } = setUp();
    const looked: unknown[] = [];
    const first = transact('lane', count('n'), increment('n'));
    const second = transact('lane', { keys: [], unproven: ['n'] }, (view) => {
      looked.push(view.revisionOf('n'));
      return { ok: true, value: view.get('n') !== undefined, writes: [] };
    });
    const third = transact('lane', count('n'), increment('n'));
    const written = await first;
    expect(await second).toMatchObject({ ok: true, value: { value: true } });
    expect(looked).toEqual([written.ok && written.value.revision]);
    expect(await third).toMatchObject({ ok: true, value: { value: 2 } });
  });

  it('sees what is under a prefix, and notices when something came or went there meanwhile', async () => {
    const store = createMemoryStore();
    const { transact } = setUp(store);
    await store.commit([], [put('p/a', '1'), put('p/b', '1')]);
    for (const interference of [put('p/c', '1'), { kind: 'delete', key: 'p/a' } as const]) {
      let interfered = false;
      const racing: Store = {
        ...store,
        commit: async (conditions, writes) => {
          if (!interfered) await store.commit([], [interference]);
          interfered = true;
          return store.commit(conditions, writes);
        },
      };
      const before = setUp(racing);
      const answer = await before.transact('lane', { keys: [], prefixes: ['p/'] }, (view) => ({
        ok: true,
        value: view.under('p/').map((entry) => entry.key),
        writes: [put('sum', String(view.under('p/').length))],
      }));
      const now = await transact('look', { keys: [], prefixes: ['p/'] }, (view) => ({
        ok: true,
        value: view.under('p/').map((entry) => entry.key),
        writes: [],
      }));
      expect(answer.ok && answer.value.value).toEqual(now.ok && now.value.value);
      expect(before.transact.counters().moved).toBe(1);
    }
  });

  it('a swept prefix is gone for those who decide after it, and shares no commit with its keys', async () => {
    const { store, transact } = setUp();
    await store.commit([], [put('p/a', '1'), put('p/b', '1'), put('q', '1')]);
    const all = { keys: ['p/a', 'p/c', 'q'], prefixes: ['p/'] };
    const look = (view: View) => ({
      a: text(view.get('p/a')?.value),
      q: text(view.get('q')?.value),
      under: view.under('p/').map((entry) => entry.key),
    });
    const write = (write: Write) => (view: View) =>
      ({ ok: true, value: look(view), writes: [write] }) as const;
    const answers = await Promise.all([
      transact('lane', all, write(put('p/c', '1'))),
      transact('lane', all, write({ kind: 'delete-under', prefix: 'p/' })),
      transact('lane', all, write(put('q', '2'))),
      transact('lane', all, write(put('p/a', '2'))),
      transact('lane', { keys: [], prefixes: ['p/'] }, write(put('n', '1'))),
    ]);
    expect(answers.map((answer) => answer.ok && answer.value.value)).toEqual([
      { a: '1', q: '1', under: ['p/a', 'p/b'] },
      { a: '1', q: '1', under: ['p/a', 'p/b', 'p/c'] },
      { a: undefined, q: '1', under: [] },
      { a: undefined, q: '2', under: [] },
      { a: '2', q: '2', under: ['p/a'] },
    ]);
    expect([await read(store, 'p/a'), await read(store, 'p/b')]).toEqual(['2', undefined]);
    expect(transact.counters().commits).toBe(3);
  });

  it('does not let a condition overlook a write that shares its commit', async () => {
    const { store, transact } = setUp();
    const none: Condition = { kind: 'none-under', prefix: 'keys/' };
    const [first, second] = await Promise.all([
      transact('lane', count('m'), () => ({ ok: true, value: 0, writes: [put('keys/a', 'k')] })),
      transact('lane', count('m'), (view) =>
        view.get('keys/a') === undefined && view.under('keys/').length === 0
          ? { ok: true, value: 0, writes: [put('m', 'retired')], conditions: [none] }
          : fail({ kind: 'has-keys' as const }),
      ),
    ]);
    expect(first.ok).toBe(true);
    expect(second).toMatchObject({ ok: false, error: { kind: 'has-keys' } });
    expect(await read(store, 'm')).toBeUndefined();
  });

  it('a decision under a claim that was lost is answered at once', async () => {
    const { store, transact } = setUp();
    const conditions = [{ kind: 'held' as const, key: 'leader', createRevision: '7' as Revision }];
    const answer = await transact('lane', count('n'), () => ({
      ok: true,
      value: 0,
      writes: [put('n', '1')],
      conditions,
    }));
    expect(answer).toMatchObject({ ok: false, error: { kind: 'contended' } });
    expect(transact.counters().commits).toBe(1);
    expect(await read(store, 'n')).toBeUndefined();
  });

  it('never tries a write again whose outcome is unknown', async () => {
    const store = createMemoryStore();
    const uncertain: Store = {
      ...store,
      commit: async (conditions, writes) => {
        await store.commit(conditions, writes);
        return fail({ kind: 'outcome-unknown', text: 'the answer was lost' });
      },
    };
    const { transact } = setUp(uncertain);
    const answer = await transact('lane', count('n'), increment('n'));
    expect(answer).toMatchObject({ ok: false, error: { kind: 'outcome-unknown' } });
    expect(await read(store, 'n')).toBe('1');
  });
});
