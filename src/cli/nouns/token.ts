/** Tokens, for people. */

import { tokenColumns } from '../../sabakan/contract/columns.ts';
import type { TokenV2 } from '../../sabakan/contract/token.ts';
import { among, type CliNoun, columnsOf } from './noun.ts';

const states = ['active', 'expired', 'revoked'];
const roles = ['viewer', 'operator', 'admin'];

export const tokenNoun: CliNoun = {
  names: ['tokens', 'token'],
  describes: 'tokens: who may do what until when; never the tokens themselves',
  nameOf: (object) => (object as TokenV2).id,
  selectable: tokenColumns,
  hasLabels: false,
  values: {
    state: among(states, 'states: '),
    role: among(roles, 'roles: '),
  },
  columns: columnsOf<TokenV2>([
    ['ID', ({ id }) => id],
    ['NAME', ({ name }) => name],
    ['ROLE', ({ role }) => role],
    ['STATE', ({ state }) => state],
    ['EXPIRES', ({ expiresAt }) => expiresAt],
    ['CREATED-BY', ({ createdBy }) => createdBy, 'wide'],
    ['LAST-USED', ({ lastUsedAt }) => lastUsedAt ?? '-', 'wide'],
    ['FROM', ({ networks }) => (networks.length === 0 ? 'anywhere' : networks.join(','))],
  ]),
};
