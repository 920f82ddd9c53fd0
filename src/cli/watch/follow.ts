/** The changes of a noun, without end: over lost connections, and over a history that is not kept any more. */

import { createEventReader, type ServerEvent } from '../../client/event-reader.ts';
import type { Get } from '../answer.ts';
import { listAll, type Selectors } from '../commands/list.ts';
import { Failure } from '../failure.ts';
import type { CliNoun } from '../nouns/noun.ts';

export type Change = {
  /** `listed`: it was there when the watch began. */
  readonly kind: 'listed' | 'added' | 'modified' | 'deleted';
  readonly name: string;
  readonly object: unknown;
};

/**
 * The text of an event stream in pieces, after the event with this id. Ends when the server ends it.
 * @throws Failure: with `refused` when the server answers with another status, without when the connection fails
 */
export type Open = (path: string, lastEventId: string) => AsyncIterable<string>;

export type Following = {
  readonly get: Get;
  readonly open: Open;
  readonly pause: (ms: number) => Promise<void>;
  /** A line for people: that a connection was lost, or changes may be shown late. */
  readonly warn: (text: string) => void;
};

/** Between tries to connect again: doubling. */
const pauseMinMs = 500;
const pauseMaxMs = 30_000;
const gone = 410;
/** Statuses after which trying again unchanged may work. */
const passing: readonly number[] = [429, 500, 502, 503, 504];

/** First what is there, all together, then each change as it comes. Never ends by itself. */
export async function* follow(
  { get, open, pause, warn }: Following,
  noun: CliNoun,
  selectors: Selectors,
): AsyncGenerator<readonly Change[], never> {
  const { fieldSelector, labelSelector } = selectors;
  const query = new URLSearchParams();
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector);
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector);
  const path = `/api/v2/watch/${noun.names[0]}?${query}`;
  const known = new Map<string, unknown>();

  const first = await listAll(get, noun, selectors);
  for (const object of first.objects) known.set(noun.nameOf(object), object);
  yield [...known].map(([name, object]) => ({ kind: 'listed', name, object }));

  let id = first.revision;
  let tries = 0;
  for (;;) {
    try {
      const read = createEventReader(id);
      let isGone = false;
      for await (const piece of open(path, id)) {
        if (tries > 0) warn('connected again; nothing was missed');
        tries = 0;
        for (const event of read(piece)) {
          if (event.name === 'error') isGone = errorStatus(event) === gone;
          else id = event.id;
          if (event.name !== 'changes') continue;
          const { changes } = JSON.parse(event.data) as { readonly changes: readonly Change[] };
          for (const { kind, name, object } of changes) {
            if (kind === 'deleted') known.delete(name);
            else known.set(name, object);
          }
          yield changes;
        }
      }
      if (isGone) throw new Failure('changes were missed', '', 1, historyGone);
      // The server ends streams when it stops; another one, or itself, goes on from the id.
      if (tries === 0) warn('the server ended the watch; connecting again');
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      const { refused, message } = problem;
      if (refused?.status === gone) {
        warn('changes since then are not kept any more; what differs from the last list follows');
        const again = await listAll(get, noun, selectors);
        id = again.revision;
        yield differences(noun, known, again.objects);
        continue;
      }
      if (refused !== undefined && !passing.includes(refused.status)) throw problem;
      if (tries === 0) warn(`lost the watch: ${message}; trying again`);
    }
    tries += 1;
    await pause(Math.min(pauseMinMs * 2 ** (tries - 1), pauseMaxMs));
  }
}

const historyGone = { status: gone, kind: 'history-gone', said: '', errors: [] };

/** Brings `known` up to date. */
function differences(
  noun: CliNoun,
  known: Map<string, unknown>,
  objects: readonly unknown[],
): readonly Change[] {
  const changes: Change[] = [];
  const now = new Map(objects.map((object) => [noun.nameOf(object), object]));
  for (const [name, object] of known) {
    if (now.has(name)) continue;
    known.delete(name);
    changes.push({ kind: 'deleted', name, object });
  }
  for (const [name, object] of now) {
    const before = known.get(name);
    if (before !== undefined && versionOf(before) === versionOf(object)) continue;
    known.set(name, object);
    changes.push({ kind: before === undefined ? 'added' : 'modified', name, object });
  }
  return changes;
}

function versionOf(object: unknown): string {
  const { revision } = object as { readonly revision?: unknown };
  return typeof revision === 'string' ? revision : JSON.stringify(object);
}

function errorStatus({ data }: ServerEvent): number | undefined {
  try {
    return (JSON.parse(data) as { readonly status?: number }).status;
  } catch {
    return undefined;
  }
}
