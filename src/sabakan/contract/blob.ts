/** What boot images and assets have in common: servers that hold them, and uploads. */

import Type, { type Static } from 'typebox';
import { changeProblems, conditionProblems } from './collection-operations.ts';

export const revisionSchema = (of: string) =>
  Type.String({ description: `the store's, of the last change of ${of}; the object's ETag` });

export const sha256Schema = Type.String({ description: 'SHA-256, lower-case hexadecimal' });

export const serversSchema = Type.Array(Type.String(), {
  description: 'advertise URLs of the servers that offer it',
});

/** Of the server that answers, at the moment it does; it changes without a revision. */
export const hereSchema = Type.Object(
  {
    state: Type.Enum(['present', 'pulling', 'missing']),
    receivedBytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'while pulling: how much of it has come',
    }),
    from: Type.Union([Type.String(), Type.Null()], {
      description: 'while pulling: the URL that sends it; null while none has answered',
    }),
    why: Type.Union([Type.String(), Type.Null()], { description: 'while missing' }),
  },
  { description: 'how it stands on the server that answers; no watch tells of it' },
);
export type HereV2 = Static<typeof hereSchema>;

export const writeProblems = [...conditionProblems, 'record-broken', ...changeProblems] as const;

export const uploadProblems = [
  'bad-request',
  'upload-broken',
  'uploads-busy',
  'shelf-failed',
  ...writeProblems,
] as const;

export const digestHolds =
  'With Content-Digest (RFC 9530, sha-256) or X-Sha256 (hexadecimal) it is refused when something else arrived';
