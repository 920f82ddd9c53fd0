import { describe } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';
import type { TetsuServer } from '../../support/tetsu.ts';

const newest = async (server: TetsuServer) =>
  (await getJson(server, '/api/v2/operations')).items.at(-1);

describe('an operation', () =>
  saysTheSame({
    noun: 'operations',
    name: async (server) => (await newest(server)).id,
    make: async (server) => {
      const post = (path: string, body: unknown) =>
        fetch(server.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', prefer: 'respond-async' },
          body: JSON.stringify(body),
        });
      const machine = { serial: 'm-1', rack: 1, role: 'cs', bmc: { type: 'none' } };
      await post('/api/v1/machines', [machine]);
      await post('/api/v2/bulk/machines', {
        select: { fieldSelector: 'rack=1' },
        expect: 1,
        patch: { spec: { labels: { a: 'b' } } },
      });
      const state = async () => (await newest(server))?.state ?? 'running';
      await eventually('its end', async () => (await state()) !== 'running');
    },
    others: [],
  }));
