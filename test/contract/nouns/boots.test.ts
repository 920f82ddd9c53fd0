import { describe } from 'vitest';
import { etcdHand } from '../../support/etcd-hand.ts';
import { eventually } from '../../support/eventually.ts';
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
    make: async (server, etcd) => {
      await fetch(`${server.url}/api/v1/boot/coreos/ipxe/nobody`);
      // Its server writes down that it is stuck, a second after it shows it.
      const written = async () => {
        const records = await etcdHand(etcd).list('tetsukan/boots/');
        return records.find(({ value }) => value.includes('stuckAt'))?.revision;
      };
      await eventually('the record', async () => (await written()) !== undefined);
      await eventually('its news', async () => {
        const shown = (await stuck(server))?.revision;
        return shown !== undefined && shown === (await written());
      });
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
