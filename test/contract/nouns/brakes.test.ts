import { describe } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('a brake', () =>
  saysTheSame({
    noun: 'brakes',
    name: 'manual',
    make: (server) =>
      put(
        server,
        '/api/v2/brakes/manual',
        JSON.stringify({ reason: 'a switch is being replaced', seconds: 3600 }),
      ),
    others: [],
  }));
