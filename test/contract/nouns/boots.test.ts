import { describe } from 'vitest';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import type { TetsuServer } from '../../support/tetsu.ts';

const stuck = async (server: TetsuServer) =>
  (await getJson(server, '/api/v2/boots')).items.find(
    ({ serial, state }: { serial: string; state: string }) =>
      serial === 'nobody' && state === 'stuck',
  );

describe('a boot', () =>
  saysTheSame({
    noun: 'boots',
    name: async (server) => (await stuck(server)).id,
    /** A machine that nobody knows asks for its script. */
    make: async (server) => {
      await fetch(`${server.url}/api/v1/boot/coreos/ipxe/nobody`);
      while ((await stuck(server)) === undefined);
      // Its server writes down that it is stuck, a second later.
      const before = (await stuck(server)).revision;
      while ((await stuck(server)).revision === before);
    },
    without: ['steps'],
    others: [
      [
        'the machine that says its serial number',
        async (server) => (await getJson(server, '/api/v2/boots/nobody')).id,
        ({ id }) => id,
      ],
    ],
  }));
