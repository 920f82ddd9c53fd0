/**
 * A client of version 2 with a method for each operation, typed by the contract. It needs nothing but a way to the
 * server, so it runs in Node and in browsers alike.
 */

import { type Row, table } from './generated/table.ts';
import type { Calls } from './generated/types.ts';
import { type Pages, pagesOf } from './pages.ts';
import { type Args, type CallTerms, call, type Link, type Reply } from './request.ts';
import { type WatchNews, type WatchTerms, watch } from './watch.ts';

export type OperationId = keyof typeof table;

/** What a method takes first may be left out where nothing in it is needed. */
type Taking<A, Terms, R> = object extends A
  ? (args?: A, terms?: Terms) => R
  : (args: A, terms?: Terms) => R;

type Method<C> = C extends { readonly args: infer A; readonly item: infer T }
  ? Taking<A, CallTerms, Pages<T>>
  : C extends { readonly args: infer A; readonly change: infer T }
    ? Taking<A, WatchTerms, AsyncIterable<WatchNews<T>>>
    : C extends { readonly args: infer A; readonly answer: infer T }
      ? Taking<A, CallTerms, Promise<T>>
      : never;

export type Client = { readonly [Id in OperationId]: Method<Calls[Id]> } & {
  /** The same with status and headers, for who needs them. */
  readonly reply: <Id extends OperationId>(
    id: Id,
    args?: Calls[Id]['args'],
    terms?: CallTerms,
  ) => Promise<Reply>;
};

export function clientOf(link: Link): Client {
  const methods = Object.entries<Row>(table).map(([id, row]) => [id, methodOf(link, row)] as const);
  return {
    ...Object.fromEntries(methods),
    reply: (id: OperationId, args: Args = {}, terms?: CallTerms) =>
      call(link, table[id], args, terms),
  } as unknown as Client;
}

function methodOf(link: Link, row: Row) {
  switch (row.reads) {
    case 'pages':
      return (args: Args = {}, terms?: CallTerms) => pagesOf(link, row, args, terms);
    case 'events':
      return (args: Args = {}, terms?: WatchTerms) => watch(link, row, args, terms);
    case 'json':
    case 'nothing':
      return async (args: Args = {}, terms?: CallTerms) =>
        (await call(link, row, args, terms)).body;
  }
}
