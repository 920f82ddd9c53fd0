/** What all lists of version 2 have in common. */

import Type, { type Static, type TSchema } from 'typebox';

export const pageLimitDefault = 500;
export const pageLimitMax = 5_000;

/** Parameters of a list; `columns` are the names that may be selected and sorted by. */
export function listQuery(columns: readonly string[], hasLabels: boolean, mayBePartial = false) {
  const known = columns.join(', ');
  return Type.Object(
    {
      limit: Type.Optional(
        Type.String({
          pattern: '^[1-9][0-9]{0,5}$',
          description: `how many at most, 1 to ${pageLimitMax}; ${pageLimitDefault} when absent`,
        }),
      ),
      cursor: Type.Optional(
        Type.String({
          maxLength: 16_384,
          description: '`next` of the page before; the other parameters must be the same',
        }),
      ),
      ...fields(columns),
      sort: Type.Optional(
        Type.String({
          maxLength: 1_000,
          description: `columns, comma-separated, a minus before one for descending; by name when absent. Columns: ${known}`,
        }),
      ),
      ...selectors(columns, hasLabels),
      ...(mayBePartial
        ? {
            partial: Type.Optional(
              Type.Enum(['true', 'false'], {
                description:
                  'true: list what can be read and name the rest in `missing`; else a list is whole or an error',
              }),
            ),
          }
        : {}),
    },
    { additionalProperties: false },
  );
}

/** Parameters of a watch. */
export function watchQuery(columns: readonly string[], hasLabels: boolean) {
  return Type.Object(
    {
      from: Type.Optional(
        Type.String({
          description:
            '`revision` of a list, or the id of the last event; the header Last-Event-ID counts more; from now on when absent',
        }),
      ),
      ...fields(columns),
      ...selectors(columns, hasLabels),
    },
    { additionalProperties: false },
  );
}

function fields(columns: readonly string[]) {
  return {
    fields: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_096,
        description: `what to keep of each object, comma-separated: columns (${columns.join(', ')}) or dotted paths, as in spec.labels; its name always comes`,
      }),
    ),
  };
}

function selectors(columns: readonly string[], hasLabels: boolean) {
  const known = columns.join(', ');
  return {
    fieldSelector: Type.Optional(
      Type.String({
        maxLength: 4_096,
        description: `Kubernetes selector over columns, as in state!=retired,rack in (1,2). Columns: ${known}`,
      }),
    ),
    ...(hasLabels
      ? {
          labelSelector: Type.Optional(
            Type.String({
              maxLength: 4_096,
              description: 'Kubernetes selector over labels, as in product=R650,!broken',
            }),
          ),
        }
      : {}),
  };
}

/** The data of an event `changes`. */
export function changesOf<T extends TSchema>(item: T) {
  return Type.Object({
    revision: Type.String(),
    changes: Type.Array(
      Type.Object({
        kind: Type.Enum(['added', 'modified', 'deleted'], {
          description: 'with selectors: added when it begins to match, deleted when it ceases to',
        }),
        name: Type.String(),
        object: item,
      }),
    ),
  });
}

const missingSchema = Type.Object({
  key: Type.String({ description: 'of the record in the store' }),
  text: Type.String({ description: 'what is wrong with it, and what the list lacks by it' }),
  todo: Type.String({ description: 'how to mend it' }),
});
export type Missing = Static<typeof missingSchema>;

/** A page: `revision` is where a watch goes on from. */
export function pageOf<T extends TSchema>(item: T, mayBePartial = false) {
  return Type.Object({
    items: Type.Array(item),
    revision: Type.String({
      description: "the store's: a watch from here misses nothing that came after this list",
    }),
    total: Type.Integer({ minimum: 0, description: 'how many are selected, over all pages' }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'cursor of the next page; null on the last',
    }),
    ...(mayBePartial
      ? {
          missing: Type.Optional(
            Type.Array(missingSchema, {
              description:
                'with partial=true: records that cannot be read, whose objects the list lacks; empty: it is whole',
            }),
          ),
        }
      : {}),
  });
}
