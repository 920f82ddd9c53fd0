/** RFC 9457 problem documents: what version 2 answers when it does not do what was asked. */

import Type from 'typebox';

export const problemSchema = Type.Object(
  {
    type: Type.String({ description: '`urn:tetsukan:problem:` and the kind' }),
    title: Type.String({ description: 'of the status' }),
    status: Type.Integer(),
    detail: Type.String({ description: 'what is wrong and what would be right, for people' }),
    instance: Type.String({ description: 'the path that was asked' }),
    requestId: Type.String({ description: 'stands in the server log, too' }),
    retryable: Type.Boolean({ description: 'trying again unchanged may work' }),
    template: Type.Optional(
      Type.Object(
        {
          serial: Type.String({ description: 'the machine it was rendered for' }),
          id: Type.Union([Type.String(), Type.Null()], {
            description: 'its version; null: it came with the request',
          }),
          member: Type.String({ description: '`systemd.units[0].contents`; empty: the whole' }),
          line: Type.Union([Type.Integer(), Type.Null()], { description: 'of the member, from 1' }),
          expression: Type.Union([Type.String(), Type.Null()], {
            description: 'what failed, as Go writes it',
          }),
        },
        { description: 'where a template is broken' },
      ),
    ),
    selected: Type.Optional(
      Type.Integer({ description: 'how many are selected, where another number was expected' }),
    ),
    currentRevision: Type.Optional(
      Type.String({ description: 'of the object, where another one was expected' }),
    ),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.Optional(Type.String({ description: 'RFC 6901, into the body' })),
          parameter: Type.Optional(Type.String({ description: 'of the path or the query' })),
          row: Type.Optional(
            Type.Integer({ description: 'of a table, as spreadsheets count: the header is 1' }),
          ),
          line: Type.Optional(Type.Integer({ description: 'of a file, from 1' })),
          column: Type.Optional(Type.Integer({ description: 'in that row or line, from 1' })),
          detail: Type.String(),
        }),
        { description: 'every mistake, when there are several places to mend' },
      ),
    ),
  },
  { description: 'RFC 9457' },
);
