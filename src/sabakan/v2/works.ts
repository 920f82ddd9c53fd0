/** The operations of version 2: long work as a noun. */

import type { Kept } from '../../base/records.ts';
import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { workColumns } from '../contract/columns.ts';
import { cancelWork, type WorkV2, workReads } from '../contract/work.ts';
import type { Works } from '../works/desk.ts';
import type { Work } from '../works/work.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Column } from './collection.ts';
import { json } from './collection-endpoints.ts';
import { recordCollection } from './record-collection.ts';

type Item = Kept<Work>;

const columns: Readonly<Record<keyof typeof workColumns, Omit<Column<Item>, 'name'>>> = {
  id: { text: ({ value }) => value.id },
  kind: { text: ({ value }) => value.kind },
  state: { text: ({ value }) => value.state },
  done: {
    text: ({ value }) => String(value.progress.done),
    number: ({ value }) => value.progress.done,
  },
  total: {
    text: ({ value }) => String(value.progress.total),
    number: ({ value }) => value.progress.total,
  },
  by: { text: ({ value }) => value.by },
  runsOn: { text: ({ value }) => value.server, path: 'server' },
  startedAt: { text: ({ value }) => value.startedAt },
  endedAt: { text: ({ value }) => value.endedAt ?? undefined },
};

export function workPart({
  works,
  clock,
}: {
  readonly works: Works;
  readonly clock: Clock;
}): ApiPart {
  const collection = recordCollection<Work, Item>({
    noun: 'operations',
    copy: 'the copy of operations',
    records: works.records,
    columns,
    made: (kept) => [...kept.values()],
    nameOf: ({ value }) => value.id,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision }) => revision,
    toJson: ({ value, revision }) => workJson(value, revision),
  });
  return collectionPart(workReads, collection, 'id', clock, [
    {
      operation: cancelWork,
      handle: async ({ parameters, query }) => {
        const dryRun = query.get('dryRun') === 'true';
        const done = await works.cancel(parameters.get('id') ?? '', dryRun);
        if (!done.ok) return fail({ problem: done.error });
        const { work, revision } = done.value;
        return ok(json(workJson(work, revision), { etag: `"${revision}"` }));
      },
    },
  ]);
}

export function workJson({ id, ...rest }: Work, revision: string): WorkV2 {
  return { id, revision, ...rest };
}
