import { describe } from 'vitest';
import { getJson, type Json, saysTheSame } from '../../support/noun-contract.ts';

describe('a rack', () =>
  saysTheSame({
    noun: 'racks',
    name: '3',
    make: async ({ url }) => {
      const machines = ['a', 'b', 'c'].map((serial) => ({
        serial,
        rack: 3,
        role: serial === 'a' ? 'boot' : 'cs',
        bmc: { type: 'none' },
      }));
      await fetch(`${url}/api/v1/machines`, { method: 'POST', body: JSON.stringify(machines) });
    },
    others: [
      [
        'version 1, by its machines',
        async (server) => {
          const machines = await getJson(server, '/api/v1/machines?rack=3');
          const boot = machines.find(({ spec }: Json) => spec.role === 'boot').spec.serial;
          return { machines: machines.length, boot };
        },
        ({ machines, boot }) => ({ machines, boot }),
      ],
    ],
  }));
