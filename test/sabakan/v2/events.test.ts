import { describe, expect, it } from 'vitest';
import { addMs, formatInstant } from '../../../src/base/time.ts';
import { eventLine, followEvents, latestEvents } from '../../../src/cli/commands/events.ts';
import { auditWrites } from '../../../src/inventory/audit.ts';
import { seededChance, settled } from '../../support/clock.ts';
import { aFace, aSpec, type TestFace } from '../../support/face.ts';
import { testStart } from '../../support/machines.ts';

const dayMs = 86_400_000;
const actor = { user: 'ai', ip: '10.69.0.3', host: 'boot-0' };

type Event = { readonly id: string; readonly instance: string; readonly at: string };

async function list(face: TestFace, query = ''): Promise<{ items: Event[]; next: string | null }> {
  return (await face.must(`GET /api/v2/events${query}`)).json();
}

const instances = ({ items }: { readonly items: readonly Event[] }) =>
  items.map(({ instance }) => instance).join(' ');

/** So many records of machine `m-N`, that many milliseconds before now. */
async function past(face: TestFace, agoMs: number, ...names: readonly string[]): Promise<void> {
  const facts = names.map((instance) => ({
    category: 'machines' as const,
    instance,
    action: 'set-state',
    detail: 'a -> b: why',
  }));
  const { writes } = auditWrites(actor, addMs(testStart, -agoMs), seededChance(agoMs), facts);
  await face.store.commit([], writes);
}

describe('GET /api/v2/events', () => {
  it('lists records newest first, over days, page by page to the end', async () => {
    const face = await aFace();
    for (const [at, ago] of [0, 1_000, 3_600_000, dayMs, 3 * dayMs, 59 * dayMs].entries()) {
      await past(face, ago + 1, `m-${at}`);
    }
    const found: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const of: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await list(face, `?limit=2&category=machines${of}`);
      found.push(...page.items.map(({ instance }) => instance));
      cursor = page.next;
    }
    expect(found).toEqual(['m-0', 'm-1', 'm-2', 'm-3', 'm-4', 'm-5']);
  });

  it('shows what a change was, with before and after where they are kept', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    const headers = { 'if-match': '*', 'x-sabakan-user': 'ai' };
    const body = { spec: { hold: { reason: 'fan 3' } } };
    await face.must('PATCH /api/v2/machines/a', { headers, body });
    const { items } = await list(face, '?machine=a&limit=1');
    expect(items[0]).toMatchObject({
      at: formatInstant(testStart),
      user: 'ai',
      category: 'machines',
      instance: 'a',
      action: 'hold',
      before: null,
      after: { reason: 'fan 3' },
    });
    const one = await face.must(`GET /api/v2/events/${items[0]?.id}`);
    expect(one.json()).toEqual(items[0]);
  });

  it.each([
    ['?instance=m-1', 'm-1'],
    ['?user=nobody', ''],
    ['?machine=m-2', 'm-2'],
    [`?since=${formatInstant(addMs(testStart, -5_000))}&action=set-state`, 'm-0'],
    [`?until=${formatInstant(addMs(testStart, -5_000))}&action=set-state`, 'm-1 m-2'],
  ])('%s selects %s', async (query, expected) => {
    const face = await aFace();
    await past(face, 1_000, 'm-0');
    await past(face, 10_000, 'm-1');
    await past(face, 2 * dayMs, 'm-2');
    expect(instances(await list(face, query))).toBe(expected);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=x', 'cursor'],
    ['since=yesterday', 'since'],
    ['colour=red', 'colour'],
  ])('refuses ?%s with the parameter %s', async (query, parameter) => {
    const answer = await (await aFace()).ask(`GET /api/v2/events?${query}`);
    expect([answer.statusCode, answer.json().errors[0].parameter]).toEqual([400, parameter]);
  });

  it('reads little of a long log for a page of it', async () => {
    let read = 0;
    const face = await aFace({
      store: (store) => ({
        ...store,
        list: async (prefix) => {
          const listing = await store.list(prefix);
          if (listing.ok && prefix.startsWith('audit/')) read += listing.value.entries.length;
          return listing;
        },
      }),
    });
    const many = Array.from({ length: 1_000 }, (_, at) => `m-${at}`);
    for (let piece = 1; piece <= 20; piece += 1) await past(face, piece * 3_600_000, ...many);
    const page = await list(face, '?limit=100&category=machines');
    expect([page.items.length, read <= 4_000]).toEqual([100, true]);
  });
});

describe('GET /api/v2/watch/events', () => {
  it('tells each change as it is committed, and what a list has not', async () => {
    const face = await aFace();
    const { revision } = (await face.must('GET /api/v2/events')).json();
    await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('b')] });
    await settled();
    const watch = face.ask(`GET /api/v2/watch/events?from=${revision}`);
    await settled();
    await face.must('PUT /api/v1/labels/a/x', { body: 'y' });
    await settled();
    face.endWatches();
    const told = [...(await watch).body.matchAll(/^data: (.*"changes".*)$/gm)].flatMap(([, data]) =>
      JSON.parse(data ?? '').changes.map(
        ({ kind, object }: { kind: string; object: { action: string } }) =>
          `${kind} ${object.action}`,
      ),
    );
    expect(told.at(-1)).toBe('added put-label');
    expect(told.length).toBeGreaterThanOrEqual(2);
  });
});

describe('tetsu events', () => {
  it('prints a line for each, oldest first, and none that moves the cursor', async () => {
    const face = await aFace();
    await past(face, 1_000, 'm-0');
    await past(face, 10_000, 'm-\u001b[2J');
    const get = async (path: string) => {
      const answer = await face.ask(`GET ${path}`);
      return { status: answer.statusCode, body: answer.json() };
    };
    const { events } = await latestEvents(get, { category: 'machines' }, 10);
    expect(events.map(eventLine)).toEqual([
      `${formatInstant(addMs(testStart, -10_000))}     ai machines m-\u{FFFD}[2J set-state: a -> b: why`,
      `${formatInstant(addMs(testStart, -1_000))}     ai machines m-0 set-state: a -> b: why`,
    ]);
  });

  it('goes on after a lost connection from the last id', async () => {
    const object = { id: 'x', at: 't', user: 'ai' };
    const opened: string[] = [];
    const text = (id: string) =>
      `event: changes\nid: ${id}\ndata: ${JSON.stringify({ changes: [{ object }] })}\n\n`;
    const following = {
      get: async () => ({ status: 200, body: {} }),
      open: async function* (path: string, id: string) {
        opened.push(`${path} ${id}`);
        yield text(`${Number(id) + 1}`);
      },
      pause: async () => {},
      warn: () => {},
    };
    const events = followEvents(following, { machine: 'a' }, '7');
    for (let at = 0; at < 3; at += 1) await events.next();
    const path = '/api/v2/watch/events?fieldSelector=instance%3Da';
    expect(opened).toEqual([`${path} 7`, `${path} 8`, `${path} 9`]);
  });
});
