import { describe } from 'vitest';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';

describe('a subnet', () =>
  saysTheSame({
    noun: 'subnets',
    name: 'node-3-0',
    make: async ({ url }) => {
      const machines = ['a', 'b'].map((serial) => ({
        ...{ serial, rack: 3, role: 'cs', bmc: { type: 'none' } },
      }));
      await fetch(`${url}/api/v1/machines`, { method: 'POST', body: JSON.stringify(machines) });
    },
    others: [
      [
        'version 1, by its machines',
        async (server) => (await getJson(server, '/api/v1/machines?rack=3')).length,
        ({ machines }) => machines.used,
      ],
    ],
  }));
