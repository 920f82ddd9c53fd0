import { describe } from 'vitest';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import { runTetsu } from '../../support/tetsu.ts';

describe('a token', () =>
  saysTheSame({
    noun: 'tokens',
    name: async (server) => (await getJson(server, '/api/v2/tokens')).items[0].id,
    make: ({ url }) => runTetsu(['token', 'create', 'alice', '--role', 'viewer', '--server', url]),
    without: ['lastUsedAt'],
    others: [],
  }));
