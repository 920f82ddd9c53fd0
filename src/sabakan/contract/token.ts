/** Tokens: who may do what from where. Their secrets are in no answer but the one that makes them. */

import Type, { type Static } from 'typebox';
import { changeProblems, type Noun, readOperations } from './collection-operations.ts';
import { tokenColumns } from './columns.ts';
import { dryRunQuery } from './dry-run.ts';
import type { Operation } from './operation.ts';
import {
  tokenDaysDefault,
  tokenDaysMax,
  tokenNameCharactersMax,
  tokenNetworksMax,
} from './token-limits.ts';

const roleSchema = Type.Enum(['viewer', 'operator', 'admin'], {
  description: 'each may do what the ones before it may',
});
const time = (description: string) => Type.String({ description: `RFC 3339: ${description}` });
const timeOrNull = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { description: `RFC 3339: ${description}` });
const networksSchema = Type.Array(Type.String(), {
  maxItems: tokenNetworksMax,
  description: 'addresses and networks it may be used from; empty: from anywhere',
});

const properties = {
  id: Type.String({ description: 'stands in the token itself and in the audit log' }),
  revision: Type.String({ description: "the store's, of its last change" }),
  name: Type.String({ description: 'of whom it is for; the user in the audit log' }),
  role: roleSchema,
  state: Type.Enum(['active', 'expired', 'revoked']),
  createdBy: Type.String(),
  createdAt: time('when it was made'),
  expiresAt: time('when it ends'),
  revokedAt: timeOrNull('when somebody ended it; null: nobody has'),
  lastUsedAt: timeOrNull('when it was used last on this very server since its start, or null'),
  networks: networksSchema,
};
export const tokenSchema = Type.Object(properties);
export type TokenV2 = Static<typeof tokenSchema>;

const newTokenSchema = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: tokenNameCharactersMax,
      description: 'of whom it is for: a person, or what a program does',
    }),
    role: roleSchema,
    days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: tokenDaysMax,
        description: `until it ends; default ${tokenDaysDefault}`,
      }),
    ),
    networks: Type.Optional(networksSchema),
  },
  { additionalProperties: false },
);
export type NewTokenV2 = Static<typeof newTokenSchema>;

const tokens: Noun = {
  noun: 'tokens',
  one: 'token',
  key: 'id',
  keyHolds: 'the id of a token: what stands between its underscores',
  columns: tokenColumns,
  hasLabels: false,
  schema: tokenSchema,
  needs: 'admin',
};
export const tokenReads = readOperations(tokens);

export const createToken: Operation = {
  id: 'createToken',
  method: 'POST',
  path: '/tokens',
  summary: 'makes a token; its answer is the only one that holds the token itself',
  needs: 'admin',
  query: dryRunQuery,
  body: newTokenSchema,
  example: { name: 'alice', role: 'operator', days: 90 },
  answer: {
    status: 201,
    holds: 'the token, and in `bearer` what is sent as `Authorization: Bearer …`',
    schema: Type.Object({
      ...properties,
      bearer: Type.Union([Type.String(), Type.Null()], {
        description:
          'shown this once; null in a dry run, and to a request that is repeated with its Idempotency-Key',
      }),
    }),
  },
  problems: ['invalid', 'tokens-too-many', 'body-too-large', ...changeProblems],
};

export const revokeToken: Operation = {
  id: 'revokeToken',
  method: 'DELETE',
  path: '/tokens/{id}',
  summary: 'ends a token at once, on all servers; it stays in the list for 30 days',
  needs: 'admin',
  parameters: { id: tokens.keyHolds },
  query: dryRunQuery,
  answer: { status: 200, holds: 'the token as it is now', schema: tokenSchema },
  problems: ['token-unknown', ...changeProblems],
};

export const tokenOperations: readonly Operation[] = [
  ...Object.values(tokenReads),
  createToken,
  revokeToken,
];
