import { describe, expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('a discovery', () =>
  saysTheSame({
    noun: 'discoveries',
    name: '52-54-00-00-00-01',
    make: async (server) => {
      const network = '{"cidr":"127.0.0.0/8","mode":"off","discovery":"ask"}';
      await put(server, '/api/v2/networks/here', network);
      const claims = 'mac=52-54-00-00-00-01&serial=ABC123&manufacturer=QEMU';
      const knock = await fetch(`${server.url}/api/v1/boot/discovery/knock?${claims}`);
      expect(await knock.text()).toContain('#!ipxe');
      // It is written a moment later.
      const path = `${server.url}/api/v2/discoveries/52-54-00-00-00-01`;
      await eventually('the record', async () => (await fetch(path)).ok);
    },
    // The detail has the facts, too.
    without: ['facts'],
    others: [],
  }));
