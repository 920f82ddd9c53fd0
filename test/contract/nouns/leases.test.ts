import { describe } from 'vitest';
import { etcdHand } from '../../support/etcd-hand.ts';
import { eventually } from '../../support/eventually.ts';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import { runTetsu } from '../../support/tetsu.ts';

const table = {
  '52:54:00:00:00:01': { index: 0, lease: '2036-04-01T00:00:00Z' },
  'ff:00:00:00:00:01': { index: 1, lease: '2036-04-01T00:00:00Z' },
};

describe('a lease', () =>
  saysTheSame({
    noun: 'leases',
    name: '10.69.0.32',
    /** As a server with Sabakan's keys writes it: the table of one range. */
    make: async (server, etcd) => {
      await etcdHand(etcd).put('lease-usages/10.69.0.32', JSON.stringify(table));
      const total = async () => (await getJson(server, '/api/v2/leases')).total;
      await eventually('the watch', async () => (await total()) === 2);
    },
    others: [
      [
        'the command that gives another one of its range back, and only once',
        async (server) => {
          const args = ['delete', 'lease', '10.69.0.33', '--yes', '--server', server.url];
          return [(await runTetsu(args)).out, (await runTetsu(args)).out];
        },
        () => ['1 lease deleted\n', '1 lease had ended already\n'],
      ],
      [
        'the subnet it is lent from',
        async (server) => {
          const { name, rack, leases } = await getJson(server, '/api/v2/subnets/node-0-0');
          return { name, rack, range: leases.first, leased: leases.leased };
        },
        ({ rack, range }) => ({ name: 'node-0-0', rack, range, leased: 1 }),
      ],
      [
        'the table it came from',
        async () => table['52:54:00:00:00:01'].lease,
        ({ expires }) => new Date(expires).toISOString().replace('.000', ''),
      ],
    ],
  }));
