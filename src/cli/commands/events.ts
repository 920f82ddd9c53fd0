/** `tetsu events`: who changed what, a line each, oldest first; and on and on as it happens. */

import { createEventReader } from '../../client/event-reader.ts';
import type { EventV2 } from '../../sabakan/contract/event.ts';
import type { Get } from '../answer.ts';
import { Failure } from '../failure.ts';
import { printable } from '../table.ts';
import type { Following } from '../watch/follow.ts';

export type EventQuery = Readonly<Record<string, string>>;

type Page = {
  readonly items: readonly EventV2[];
  readonly revision: string;
  readonly next: string | null;
};

const pageMax = 1_000;
/** Between tries to connect again: doubling. */
const pauseMinMs = 500;
const pauseMaxMs = 30_000;
const gone = 410;
const passing: readonly number[] = [429, 500, 502, 503, 504];

/** The newest `limit` that the query leaves, oldest first, and the revision they are complete to. */
export async function latestEvents(
  get: Get,
  query: EventQuery,
  limit: number,
): Promise<{ readonly events: readonly EventV2[]; readonly revision: string }> {
  const found: EventV2[] = [];
  let revision: string | undefined;
  let cursor: string | null = null;
  do {
    const left = Math.min(limit - found.length, pageMax);
    const asked = new URLSearchParams({ ...query, limit: String(left) });
    if (cursor !== null) asked.set('cursor', cursor);
    const { status, body } = await get(`/api/v2/events?${asked}`);
    if (status === 404) throw new Failure('the server has no events', 'is it Tetsukan?');
    const page = body as Page;
    revision ??= page.revision;
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && found.length < limit);
  return { events: found.reverse(), revision: revision ?? '0' };
}

/** Each event after a revision as it comes, over lost connections; never ends by itself. */
export async function* followEvents(
  { get, open, pause, warn }: Following,
  query: EventQuery,
  from: string,
): AsyncGenerator<EventV2, never> {
  const { machine, since: _since, until: _until, ...columns } = query;
  const selected = machine === undefined ? columns : { ...columns, instance: machine };
  const selector = Object.entries(selected)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const asked = selector === '' ? '' : `?${new URLSearchParams({ fieldSelector: selector })}`;
  let id = from;
  let tries = 0;
  for (;;) {
    try {
      const read = createEventReader(id);
      for await (const piece of open(`/api/v2/watch/events${asked}`, id)) {
        if (tries > 0) warn('connected again; nothing was missed');
        tries = 0;
        for (const event of read(piece)) {
          if (event.name !== 'error') id = event.id;
          if (event.name !== 'changes') continue;
          const { changes } = JSON.parse(event.data) as {
            readonly changes: readonly { readonly object: EventV2 }[];
          };
          for (const { object } of changes) yield object;
        }
      }
      if (tries === 0) warn('the server ended the watch; connecting again');
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      const { refused, message } = problem;
      if (refused?.status === gone) {
        warn('some events are not in the watch any more; tetsu events lists them');
        id = (await latestEvents(get, query, 1)).revision;
        continue;
      }
      if (refused !== undefined && !passing.includes(refused.status)) throw problem;
      if (tries === 0) warn(`lost the watch: ${message}; trying again`);
    }
    tries += 1;
    await pause(Math.min(pauseMinMs * 2 ** (tries - 1), pauseMaxMs));
  }
}

/** A time says no more digits of its second than it has: with milliseconds it is so wide, and the lines stand in columns. */
const timeWidth = '2026-11-21T06:00:00.000Z'.length;

/** `2026-11-21T06:00:00Z ai machines ABC set-state healthy -> unreachable: …` */
export function eventLine({ at, user, ip, category, instance, action, detail }: EventV2): string {
  const who = user === '' ? ip : user;
  const what = [category, instance, action].filter((word) => word !== '').join(' ');
  return printable(
    `${at.padEnd(timeWidth)} ${who} ${what}${detail === '' ? '' : `: ${shortened(detail)}`}`,
  );
}

/** A template or an address plan is no line. */
const detailCharactersMax = 200;

function shortened(detail: string): string {
  const line = detail.replaceAll(/\s+/g, ' ');
  return line.length <= detailCharactersMax ? line : `${line.slice(0, detailCharactersMax)}…`;
}
